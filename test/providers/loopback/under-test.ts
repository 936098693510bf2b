// The loopback provider as the conformance suite wants it: its script stands for the other side.
import { TransportError } from 'mailspool/provider';
import { loopback } from 'mailspool/providers/loopback';
import { type ProviderCapabilities, type ProviderFactory } from 'mailspool/testing';

export const loopbackCapabilities: ProviderCapabilities = {
  send: true,
  receive: true,
  remoteAccess: true,
  notify: true,
  delivered: true,
  refuse: true,
  breakOff: true,
  loseReply: true,
  stall: true,
  arrive: true,
  waiting: true,
  verify: 'verifyMessage is what the script says',
  goDown: 'it is its own other side',
  connections: 'it has no connections',
  dropConnections: 'it has no connections',
  breakReception: 'it has no connections',
  refuseCredentials: 'it takes no credentials',
  expireToken: 'it takes no credentials',
  password: 'it takes no credentials',
  hold: 'it keeps back what the script says',
  report: 'its other side says all at once',
};

export const loopbackUnderTest: ProviderFactory = (clock) => {
  const refused = new Map<string, 'rejected' | 'notSent'>();
  const diagnostic = { code: 'EENVELOPE', text: 'not here' };
  let next: 'breakOff' | 'loseReply' | undefined;
  let stalled = false;
  const take = (wanted: typeof next): boolean => {
    const due = next === wanted;
    if (due) next = undefined;
    return due;
  };
  const provider = loopback({
    limits: { outbound: 4 },
    transfer: async (_message, signal) => {
      if (take('breakOff')) throw new TransportError('ECONNECTION', 'the line broke', { outcome: 'notSent' });
      if (stalled) await clock.sleep(300_000, signal);
      if (stalled) throw new TransportError('ETIMEDOUT', 'no answer', { outcome: 'notSent' });
    },
    answer: ({ recipients }) =>
      take('loseReply')
        ? { outcome: 'unknown', diagnostic: { code: 'ECONNECTION', text: 'the line broke' } }
        : recipients.map(({ id, address }) => {
            const outcome = refused.get(address);
            return outcome === undefined ? { recipient: id, outcome: 'accepted' } : { recipient: id, outcome, diagnostic };
          }),
  });
  return {
    provider: () => provider,
    delivered: () =>
      provider.handedOver.map(({ bytes, recipients }) => ({
        bytes,
        recipients: recipients.map(({ address }) => address).filter((address) => !refused.has(address)),
      })),
    refuse: ({ address }, how) => void refused.set(address, how === 'forGood' ? 'rejected' : 'notSent'),
    breakOff: () => void (next = 'breakOff'),
    loseReply: () => void (next = 'loseReply'),
    stall: () => {
      stalled = true;
      return () => void (stalled = false);
    },
    arrive: (bytes) => void provider.push(bytes),
    waiting: () => provider.waiting.length,
  };
};
