// The step from the clear into TLS: what was said before must not count after (RFC 3207 section 6), and what a client
// sends early must not be lost.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { fakeImap, fakePop3, fakeSmtp, virtualTime, type FakeServer } from 'mailspool/testing';

interface Protocol {
  readonly start: (options: { tls: 'starttls' }) => Promise<FakeServer & { readonly commands: readonly { readonly line: string }[] }>;
  readonly before: string;
  readonly injected: string;
  readonly quit: string;
}

const protocols: Readonly<Record<string, Protocol>> = {
  SMTP: { start: fakeSmtp, before: 'EHLO me\r\nSTARTTLS\r\n', injected: 'RSET\r\n', quit: 'QUIT\r\n' },
  POP3: { start: fakePop3, before: 'STLS\r\n', injected: 'CAPA\r\n', quit: 'QUIT\r\n' },
  IMAP: { start: fakeImap, before: '1 STARTTLS\r\n', injected: '2 NOOP\r\n', quit: '3 LOGOUT\r\n' },
};

it.each(Object.entries(protocols))('U-062 %s: what is injected before TLS is thrown away', async (_name, { start, before, injected, quit }) => {
  await using server = await start({ tls: 'starttls' });
  const socket = connect(server.port, server.host);
  socket.write(`${before}${injected}`);
  let heard = '';
  while (!/(?:^220 Go|\+OK Begin|OK Begin TLS).*\r\n/m.test(heard)) heard += String((await once(socket, 'data'))[0]);
  socket.removeAllListeners('data');
  const secure = connectTls({ socket, ca: server.certificate, servername: 'localhost' });
  await once(secure, 'secureConnect');
  secure.end(quit);
  await once(secure.resume(), 'close');
  const lines = server.commands.map(({ line }) => line);
  expect([lines.includes(injected.trim()), lines.includes(quit.trim())]).toEqual([false, true]);
});

it('U-062 a handshake that the server is slow to begin is carried out', async () => {
  const clock = virtualTime();
  await using server = await fakeSmtp({ tls: 'implicit', clock });
  server.script({ at: 'handshake', do: { delay: '1m' } });
  const secure = connectTls({ port: server.port, host: server.host, ca: server.certificate, servername: 'localhost' });
  const connected = clock.work(once(secure, 'secureConnect'));
  await clock.advance('59s');
  expect(secure.authorized).toBe(false);
  await clock.advance('1s');
  await connected;
  expect(secure.authorized).toBe(true);
  secure.destroy();
});
