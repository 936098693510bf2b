// The SMTP provider as the conformance suite wants it, with a fake server that it logs on to with a token.
import { smtp } from 'mailspool/providers/smtp';
import {
  fakeMailboxes,
  fakeSmtp,
  type FakeSmtp,
  type FaultHandle,
  type ProviderCapabilities,
  type ProviderFactory,
  type SmtpStep,
} from 'mailspool/testing';

const sendOnly = 'it only sends';
export const smtpCapabilities: ProviderCapabilities = {
  send: true,
  delivered: true,
  refuse: true,
  breakOff: true,
  loseReply: true,
  stall: true,
  goDown: true,
  connections: true,
  dropConnections: true,
  refuseCredentials: true,
  expireToken: true,
  verify: 'SMTP has no way to ask what became of a message',
  remoteAccess: 'it only sends',
  receive: sendOnly,
  notify: sendOnly,
  arrive: sendOnly,
  waiting: sendOnly,
  breakReception: sendOnly,
  hold: 'it keeps nothing back',
  report: 'reports come as mail',
  password: 'SMTP has no way to change a password',
};

const steps: readonly SmtpStep[] = ['greeting', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'RSET', 'NOOP'];

export const smtpUnderTest: ProviderFactory = async (clock) => {
  const mailboxes = fakeMailboxes({ users: { user: { token: 'the first token' } } });
  let token = 'the first token';
  let known = token;
  const start = (port = 0): Promise<FakeSmtp> => fakeSmtp({ mailboxes, requireAuth: true, clock, port });
  let server = await start();
  const { host, port } = server;
  return {
    provider: () => smtp({ host, port }),
    secrets: ['the first token', 'the second token', 'a revoked token'],
    credentials: (stale) => {
      if (stale) known = token;
      return { user: 'user', accessToken: known };
    },
    delivered: () => server.messages().map(({ raw, envelope }) => ({ bytes: raw, recipients: envelope.rcptTo.map(({ address }) => address) })),
    refuse: ({ address }, how) =>
      void server.refuse(address, how === 'forGood' ? { code: 550, enhancedCode: '5.1.1', message: 'no' } : { code: 450, message: 'later' }),
    breakOff: () => void server.script({ at: 'DATA', do: { dropAtByte: 1_000 } }),
    loseReply: () => void server.script({ at: 'dot', do: 'acceptThenDrop' }),
    stall: () => {
      const faults: FaultHandle[] = steps.map((at) => server.script({ at, times: Number.POSITIVE_INFINITY, optional: true, do: 'stall' }));
      return () => faults.forEach((fault) => fault.remove());
    },
    goDown: async () => {
      await server.close();
      return async () => void (server = await start(port));
    },
    connections: () => server.connections.open,
    dropConnections: () => server.dropConnections(),
    refuseCredentials: () => {
      token = 'a revoked token';
      mailboxes.setUser('user', { token: 'another' });
    },
    expireToken: () => {
      token = 'the second token';
      mailboxes.setUser('user', { token });
    },
    dispose: () => server.close(),
  };
};
