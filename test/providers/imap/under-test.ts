// The IMAP provider as the conformance suite wants it, with a fake server that it logs on to with a token.
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import { fakeImap, fakeMailboxes, type FakeImap, type ProviderCapabilities, type ProviderFactory } from 'mailspool/testing';

const receiveOnly = 'it only receives';
export const imapCapabilities: ProviderCapabilities = {
  receive: true,
  remoteAccess: true,
  notify: true,
  arrive: true,
  waiting: true,
  stall: true,
  breakReception: true,
  dropConnections: true,
  connections: true,
  refuseCredentials: true,
  expireToken: true,
  goDown: true,
  send: receiveOnly,
  delivered: receiveOnly,
  verify: receiveOnly,
  refuse: receiveOnly,
  breakOff: receiveOnly,
  loseReply: receiveOnly,
  hold: receiveOnly,
  report: receiveOnly,
  password: 'IMAP has no way to change a password',
};

/** With `reception: 'poll'`. */
export const polledImapCapabilities: ProviderCapabilities = { ...imapCapabilities, notify: 'it was told to be asked' };

export const imapUnderTest =
  (options: Partial<ImapOptions> = {}): ProviderFactory =>
  async (clock) => {
    const mailboxes = fakeMailboxes({ users: { user: { token: 'the first token' } } });
    let token = 'the first token';
    let known = token;
    const start = (port = 0): Promise<FakeImap> => fakeImap({ mailboxes, clock, port });
    let server = await start();
    const { host, port } = server;
    return {
      provider: () => imap({ host, port, secure: false, begin: 'all', after: 'delete', ...options }),
      secrets: ['the first token', 'the second token', 'a revoked token'],
      credentials: (stale) => {
        if (stale) known = token;
        return { user: 'user', accessToken: known };
      },
      stall: () => {
        const look = server.onCommand(() => 'stall');
        return () => look[Symbol.dispose]();
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
      arrive: (bytes) => void server.deliver('user', 'INBOX', bytes),
      waiting: () => server.mailbox('user', 'INBOX').messages.length,
      breakReception: () => void server.script({ at: 'UID FETCH', do: 'drop' }),
      dispose: () => server.close(),
    };
  };
