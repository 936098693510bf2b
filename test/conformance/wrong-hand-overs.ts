// Providers that are wrong on purpose in hand-overs out of the ordinary, and in what follows a hand-over, each in one
// thing, and the cases of the suite that see it.
import {
  TransportError,
  type OutboundMessage,
  type Recipient,
  type RecipientOutcome,
  type StatusRecipient,
  type SubmitResult,
} from 'mailspool/provider';
import { ModelSession } from './model-provider.ts';
import type { Line } from './office.ts';
import type { WrongProvider } from './wrong-providers.ts';

type Submit = Parameters<ModelSession['submitMessage']>;

export const wrongHandOvers: Readonly<Record<string, WrongProvider>> = {
  // Whom a message is for, and what it carries
  'wants to know the address types of everybody': {
    caughtBy: ['M-012 M-022'],
    Session: class extends ModelSession {
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        const other = message.allRecipients.find(({ type }) => type !== 'SMTP');
        if (other) throw new TransportError('EENVELOPE', `what is ${other.type}?`, { outcome: 'rejected' });
        return super.contentOf(message);
      }
    },
  },
  'sends to no more than fifty recipients': {
    caughtBy: ['T-024 T-025'],
    Session: class extends ModelSession {
      override recipientsOf(message: OutboundMessage): readonly Recipient[] {
        return message.recipients.slice(0, 50);
      }
    },
  },
  'says that it sent to all and sent to fifty': {
    caughtBy: ['T-024 T-025'],
    Session: class extends ModelSession {
      override async handOver(...[line, message, bytes, recipients, ...rest]: Parameters<ModelSession['handOver']>): Promise<void> {
        return super.handOver(line, message, bytes, recipients.slice(0, 50), ...rest);
      }
    },
  },
  'takes a line end in an address for the beginning of a command': {
    caughtBy: ['X-007'],
    Session: class extends ModelSession {
      override recipientsOf(message: OutboundMessage): readonly Recipient[] {
        return message.recipients.flatMap((one) => one.address.split(/[\r\n]+/).map((line) => ({ ...one, address: line.replace(/^.*TO:<|>$/, '') })));
      }
    },
  },
  'cannot do with properties that it does not know': {
    caughtBy: ['M-047 M-037'],
    Session: class extends ModelSession {
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        const { named = {} } = message.properties;
        if (Object.keys(named).length > 0) throw new TransportError('EMESSAGE', 'what is that?', { outcome: 'rejected' });
        return super.contentOf(message);
      }
    },
  },
  'promises reports that nobody asked for': {
    caughtBy: ['M-065 T-046'],
    Session: class extends ModelSession {
      override async transfer(...args: Parameters<ModelSession['transfer']>): Promise<SubmitResult> {
        const result = await super.transfer(...args);
        const promised = (one: RecipientOutcome): RecipientOutcome => (one.outcome === 'accepted' ? { ...one, reportsFollow: true } : one);
        return 'outcome' in result ? result : result.map(promised);
      }
    },
  },
  'closes its gate for one recipient who has to wait': {
    caughtBy: ['M-063 T-020'],
    Session: class extends ModelSession {
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        if (reply === 'forNow') this.support.updateStatus({ gate: { reason: 'throttled' } }, { merge: true });
        return super.refusal(recipient, reply);
      }
    },
  },
  'makes all wait for one recipient': {
    caughtBy: ['M-063 T-020'],
    Session: class extends ModelSession {
      #waits = false;
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        if (this.#waits) throw new TransportError('EWAIT', 'not yet', { outcome: 'notSent', retryAfterMs: 60_000 });
        return super.contentOf(message);
      }
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        this.#waits ||= reply === 'forNow';
        return super.refusal(recipient, reply);
      }
    },
  },
  'has to wait and does not say for how long': {
    caughtBy: ['M-057 M-058'],
    Session: class extends ModelSession {
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        if (reply === 'forNow') throw new TransportError('EWAIT', 'later', { outcome: 'notSent' });
        return super.refusal(recipient, reply);
      }
    },
  },
  'says that it is busy when half of it is done': {
    caughtBy: ['M-057 M-058'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Submit): Promise<SubmitResult> {
        const result = await super.submitMessage(message, signal);
        if (this.office.refused.size > 0 && message.recipients.length === 2) throw new TransportError('EBUSY', 'busy');
        return result;
      }
    },
  },
  'gives a hand-over its name when its data has gone': {
    caughtBy: ['M-074 M-056'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Submit): Promise<SubmitResult> {
        let late = '';
        const watched = Object.defineProperty(message, 'reference', { get: () => late || '0', set: (_name: string) => {}, configurable: true });
        try {
          return await super.submitMessage(watched, signal);
        } finally {
          late = this.newReference();
        }
      }
    },
  },
  'calls all hand-overs by one name': {
    caughtBy: ['M-074 M-056'],
    Session: class extends ModelSession {
      override newReference(): string {
        return 'this one';
      }
    },
  },
  'listens to the first yield only': {
    caughtBy: ['M-075 M-094 a yield that says cancelled in'],
    Session: class extends ModelSession {
      #yields = 0;
      override async yields(): Promise<void> {
        if (++this.#yields === 1) await super.yields();
        else await this.support.yield();
      }
    },
  },

  // What follows
  'sends what it keeps back': {
    caughtBy: ['M-061 M-060'],
    Session: class extends ModelSession {
      override keepBack(message: OutboundMessage): SubmitResult {
        void message.content.bytes().then((bytes) => this.office.delivered.push({ bytes }));
        return super.keepBack(message);
      }
    },
  },
  'asks twice for what it kept back': {
    caughtBy: ['M-061 M-060'],
    Session: class extends ModelSession {
      override askFor(entryId: Parameters<ModelSession['askFor']>[0]): void {
        if (!this.kept.has(entryId)) return;
        this.support.spoolerNotify({ type: 'sentDeferred', entryId });
        super.askFor(entryId);
      }
    },
  },
  'keeps back again what it asked for': {
    caughtBy: ['M-061 M-060'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Submit): Promise<SubmitResult> {
        if (message.deferred) return this.keepBack(message);
        return super.submitMessage(message, signal);
      }
    },
  },
  'closes its gate while it keeps one back': {
    caughtBy: ['M-063 while'],
    Session: class extends ModelSession {
      override keepBack(message: OutboundMessage): SubmitResult {
        this.support.updateStatus({ gate: { reason: 'suspended' } }, { merge: true });
        return super.keepBack(message);
      }
    },
  },
  'does not forget what it kept back': {
    caughtBy: ['M-076'],
    Session: class extends ModelSession {
      override askFor(entryId: Parameters<ModelSession['askFor']>[0]): void {
        this.kept.add(entryId);
        super.askFor(entryId);
      }
    },
  },
  'tells twice what became of a recipient': {
    caughtBy: ['M-064 what'],
    Session: class extends ModelSession {
      override async pass(...[id, row]: Parameters<ModelSession['pass']>): Promise<void> {
        await super.pass(id, row);
        await super.pass(id, row);
      }
    },
  },
  'says that it failed and not why': {
    caughtBy: ['M-064 what'],
    Session: class extends ModelSession {
      override async pass(...[id, row]: Parameters<ModelSession['pass']>): Promise<void> {
        const silent = 'diagnostic' in row ? ({ ...row, diagnostic: { code: '', text: '' } } as StatusRecipient) : row;
        await super.pass(id, silent);
      }
    },
  },
  'tells of one recipient what became of another': {
    caughtBy: ['M-064 what'],
    Session: class extends ModelSession {
      override async pass(...[id, row]: Parameters<ModelSession['pass']>): Promise<void> {
        await super.pass(id, { ...row, recipient: 1 });
      }
    },
  },
  'stops when its news are of no use': {
    caughtBy: ['M-064 M-070'],
    Session: class extends ModelSession {
      #useless = false;
      override async pass(...[entryId, row]: Parameters<ModelSession['pass']>): Promise<void> {
        this.#useless = (await this.support.statusRecipients({ entryId }, [row])) === 'unmatched';
      }
      override connect(signal: AbortSignal): Promise<Line> {
        if (this.#useless) throw new TransportError('EPROTOCOL', 'nobody knows it', { outcome: 'notSent' });
        return super.connect(signal);
      }
    },
  },
};
