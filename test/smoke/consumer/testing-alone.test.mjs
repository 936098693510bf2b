// A project that tests its mail with mailspool/testing and node:test, and uses nothing else of the package.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { loadedModules } from './loaded-modules.mjs';

const { fakeImap, fakeMailboxes, fakePop3, fakeSmtp, seededRandom, virtualTime } = await import('mailspool/testing');

/** Says lines, and gives all that was answered until the server closed. */
async function talk({ host, port }, ...lines) {
  const socket = connect(port, host).setEncoding('utf8');
  let heard = '';
  socket.on('data', (text) => (heard += text)).on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(lines.map((line) => `${line}\r\n`).join(''));
  await closed;
  return heard;
}

/** What the project does when somebody signs up; true if the mail is on its way. */
async function welcome(server, to) {
  const mail = ['Subject: Welcome', `To: ${to}`, '', 'Follow the link: https://example.org/confirm/42', '.'];
  return / queued /.test(await talk(server, 'HELO app', 'MAIL FROM:<app@example.org>', `RCPT TO:<${to}>`, 'DATA', ...mail, 'QUIT'));
}

/** Runs with fakes, and closes them; plain JavaScript has no `await using` on every Node. */
async function withFakes(fakes, body) {
  const running = await Promise.all(fakes);
  try {
    await body(...running);
  } finally {
    for (const fake of running) await fake.close();
  }
}

test('a mail arrives, with what it says', () =>
  withFakes([fakeSmtp()], async (server) => {
    assert.equal(await welcome(server, 'bob@example.org'), true);
    const mail = await server.received({ to: 'bob@example.org', subject: 'Welcome', within: '2s' });
    assert.match((await mail.parsed()).text, /confirm\/42/);
  }));

test('a greylisted mail is taken when its time has come', () => {
  const clock = virtualTime();
  return withFakes([fakeSmtp({ clock })], async (server) => {
    const greylisting = server.script({ at: 'RCPT', greylist: '5m', do: { code: 451, message: 'Greylisted' } });
    assert.equal(await welcome(server, 'bob@example.org'), false);
    await clock.advance('5m');
    assert.equal(await welcome(server, 'bob@example.org'), true);
    assert.equal(greylisting.fired, 1);
  });
});

test('a mail that was taken without a reply is there', () =>
  withFakes([fakeSmtp()], async (server) => {
    server.script({ at: 'dot', do: 'acceptThenDrop' });
    assert.equal(await welcome(server, 'bob@example.org'), false);
    assert.equal(server.messages().length, 1);
  }));

test('what SMTP takes is in the INBOX, by IMAP and by POP3', () => {
  const mailboxes = fakeMailboxes({ users: { bob: 'secret' } });
  return withFakes([fakeSmtp({ mailboxes }), fakeImap({ mailboxes }), fakePop3({ mailboxes })], async (smtp, imap, pop3) => {
    await welcome(smtp, 'bob@example.org');
    assert.match(await talk(imap, '1 LOGIN bob secret', '2 SELECT INBOX', '3 FETCH 1 (RFC822.SIZE)', '4 LOGOUT'), /\* 1 FETCH/);
    assert.match(await talk(pop3, 'USER bob', 'PASS secret', 'RETR 1', 'QUIT'), /Subject: Welcome/);
  });
});

test('a fault that never happened is an error', async () => {
  const server = await fakeSmtp();
  server.script({ at: 'RSET', do: 'drop' });
  await welcome(server, 'bob@example.org');
  await assert.rejects(server.close(), { code: 'ENOTFIRED', message: /RSET/ });
});

test('a seed gives the same bytes again', () => {
  assert.deepEqual(seededRandom(7).bytes(4), seededRandom(7).bytes(4));
});

test('nothing of the engine is loaded: no spooler, no host, no store on a disk, no SQLite, no container', async () => {
  const modules = await loadedModules();
  const ofPackage = modules.filter((name) => name.includes('/mailspool/dist/'));
  assert.ok(
    ofPackage.some((name) => name.endsWith('/dist/src/testing/index.js')),
    modules.join('\n'),
  );
  const room = /\/dist\/(?:src\/(?:spooler|host|database|reports|store\/(?:embedded|memory)|index\.js)|providers\/)/;
  const package_ = /\/node_modules\/(?:inversify|@inversifyjs|reflect-metadata|libsql|@libsql|commander|zod|imapflow|rxjs)\/|^node:sqlite/;
  assert.deepEqual(
    modules.filter((name) => room.test(name) || package_.test(name)),
    [],
  );
});
