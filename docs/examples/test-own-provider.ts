// Testing a provider of one's own: the suite plays the spooler, and says what the provider keeps of its promises.
import { describe, it } from 'node:test';
import { TransportError, type TransportProvider } from 'mailspool/provider';
import { describeTransportProvider, type ProviderCapabilities, type ProviderUnderTest } from 'mailspool/testing';

interface Note {
  readonly bytes: Uint8Array;
  readonly recipients: readonly string[];
}

/** What is tested: a provider that pins each message to a board, and the board. */
class Board {
  readonly notes: Note[] = [];
  readonly unknown = new Set<string>();

  provider(): TransportProvider {
    return {
      name: 'board',
      logon: async () => ({
        addressTypes: ['BOARD'],
        submitMessage: async (message, signal) => {
          signal.throwIfAborted();
          const bytes = await message.content.bytes();
          const known = message.recipients.filter(({ address }) => !this.unknown.has(address));
          if (known.length === 0) throw new TransportError('EENVELOPE', 'nobody of that name', { outcome: 'rejected' });
          await message.handingOver();
          this.notes.push({ bytes, recipients: known.map(({ address }) => address) });
          return message.recipients.map(({ id, address }) =>
            this.unknown.has(address)
              ? { recipient: id, outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: 'nobody of that name' } }
              : { recipient: id, outcome: 'accepted' },
          );
        },
      }),
    };
  }
}

/** What the suite can see and do; where it cannot, why not. */
const capabilities: ProviderCapabilities = {
  send: true,
  delivered: true,
  refuse: 'the board knows no refusal for now',
  receive: 'nothing comes from a board',
  stall: 'a board is never slow',
};

/** A new board for each case, and how to look at it. */
function aBoard(): ProviderUnderTest {
  const board = new Board();
  return {
    provider: () => board.provider(),
    recipient: (n) => ({ type: 'BOARD', address: `pin ${n}` }),
    delivered: () => board.notes,
  };
}

describeTransportProvider(aBoard, capabilities, { name: 'board', runner: { describe, it } });
