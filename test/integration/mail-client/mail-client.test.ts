// The mail client of docs/examples, driven in a terminal by what its screen shows.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { when } from '../../../docs/examples/mail-client/when.ts';
import { hasDovecot } from '../dovecot/server.ts';
import { hasSmtpSink } from '../postfix/smtp-sink.ts';
import { hasTmux } from './terminal.ts';
import { Desk, sandbox, Servers, workUser } from './world.ts';

const isShown =
  hasTmux('the mail client at its prompt') && hasDovecot('the mail client with accounts') && hasSmtpSink('the mail client with accounts');

describe('times as a person says them', () => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  test.each([
    ['90s', { afterMs: 90_000 }],
    ['2h', { afterMs: 7_200_000 }],
    ['2027-03-29T08:00', { local: '2027-03-29T08:00', timeZone }],
    ['18:30', { local: '2026-12-31T18:30', timeZone }],
    ['8:05', { local: '2027-01-01T08:05', timeZone }],
  ])('%s', (text, sendAt) => {
    expect(when(text, new Date(2026, 11, 31, 17, 45))).toEqual(sendAt);
  });

  test.each(['25:00', '7:60', 'noon', '-1h', ''])('%j is none', (text) => {
    expect(() => when(text)).toThrow('is no time such as 10m, 17:30 or 2026-03-29T08:00');
  });
});

describe.skipIf(!isShown).concurrent('the mail client at its prompt', () => {
  let servers: Servers;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ms-client-'));
    servers = await Servers.start();
  });
  afterAll(async () => {
    await servers?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Subjects that the sink has taken so far. */
  const sunk = async (): Promise<string[]> =>
    (await servers.sink.messages()).map(({ content }) => /^Subject: (.*)$/m.exec(content.toString())?.[1] ?? '');

  test('it says how it is run and what can be typed, and ends by quit', async () => {
    await using help = await sandbox(folder, '--help');
    await help.shows(/--folder <path>.*sendreceive \[<account>\]/s);
    expect(await help.ended()).toBe(0);

    await using wrong = await sandbox(folder, '--undo', 'soon');
    await wrong.shows('Error: --undo soon is no number of seconds');
    expect(await wrong.ended()).toBe(1);

    await using client = await sandbox(folder);
    await client.shows(/A sandbox: ann@home.example and ann@work.example/);
    await client.shows(/New mail \[1\] for home: Postmaster, Welcome/);
    await client.type('help');
    await client.shows(/undo <number>/);
    await client.type('undoo 1');
    await client.shows('Error: there is no command undoo; help lists them');
    await client.type('undo 7');
    await client.shows('Error: 7 is not the number of a message');

    await using second = await sandbox(folder);
    await second.shows(/Error: ESTORELOCKED: /);
    expect(await second.ended()).toBe(1);

    await client.type('quit');
    await client.shows('Goodbye.');
    expect(await client.ended()).toBe(0);
  });

  test('what is sent leaves the Outbox while one looks at it, and new mail is told when it comes', async () => {
    await using desk = await Desk.open(servers, '--undo', '60');
    const { terminal } = desk;
    await terminal.type('outbox');
    await terminal.shows(/^-- outbox --\n   empty/m);
    await desk.send(workUser, 'Lunch');
    await terminal.shows(/^ +1  queued in \d+ s  ann@work.test  Lunch: It waits for its send time/m);
    await terminal.type('later 1 1s');
    await terminal.shows(`[1] sent to ${workUser} by home/smtp`);
    await terminal.shows(/^-- outbox --\n   empty/m);
    expect(await sunk()).toContain('Lunch');

    await desk.send(`${workUser} --from work`, 'Lunch today');
    await terminal.type('later 2 0s');
    await terminal.shows(`[2] sent to ${workUser} by work/smtp`);
    await terminal.shows('New mail [3] for work: ann@work.test, Lunch today');
    await servers.dovecot.append(desk.homeUser, 'From: Bob <bob@else.test>\r\nSubject: At \u001b[31mhome\r\n\r\nHello Ann\r\n');
    await terminal.shows('New mail [4] for home: Bob, At  [31mhome');
    await terminal.type('read 4');
    await terminal.shows(/^ {2}Hello Ann$/m);
    await terminal.type('inbox');
    await terminal.shows(/^ +3 \* work {2}.*Lunch today\n +4 {3}home {2}Bob, At/m);
  });

  test('what is sent can be taken back within the time to undo, and the answer is true afterwards', async () => {
    await using desk = await Desk.open(servers, '--undo', '60');
    const { terminal } = desk;
    await desk.send('bob@else.test', 'Regretted');
    await terminal.shows('[1] is in the Outbox and leaves in 60 s; undo 1 takes it back');
    await terminal.type('undo 1');
    await terminal.shows('[1] is taken back');
    await desk.send('bob@else.test', 'Meant');
    await terminal.type('later 2 0s');
    await terminal.shows('[2] sent to bob@else.test by home/smtp');
    await terminal.type('undo 2');
    await terminal.shows('[2] cannot be taken back: it is not in the Outbox');
    expect(await sunk()).toContain('Meant');
    expect(await sunk()).not.toContain('Regretted');
  });

  test('what is sent later waits for its time, or for another one, and what is held for its release', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal } = desk;
    await terminal.type('outbox');
    await desk.send('bob@else.test --at 2999-12-24T18:00', 'Far away');
    await terminal.shows(/^ +1  queued at 24 Dec 2999, 18:00  bob@else.test  Far away/m);
    await desk.send('bob@else.test --at 1h', 'Today');
    await terminal.shows(/^ +2 {2}queued in 60 min {2}bob@else.test {2}Today/m);
    await terminal.type('hold 2');
    await terminal.shows(/^ +2 {2}held.* {2}bob@else.test {2}Today: It is held by the operator/m);
    await terminal.type('release 2');
    await terminal.shows(/^ +2 {2}queued in 60 min {2}bob@else.test {2}Today/m);
    await terminal.type('later 2 0s');
    await terminal.shows('[2] sent to bob@else.test by home/smtp');
    await terminal.shows(/^ +1 {2}queued at 24 Dec 2999, 18:00 {2}bob@else.test {2}Far away/m);
    await terminal.type('send bob@else.test --at soon');
    await terminal.shows('Error: soon is no time such as 10m, 17:30 or 2026-03-29T08:00');
  });

  test('U-064 offline nothing leaves; send/receive sends all the same, and so does going online', async () => {
    await using desk = await Desk.open(servers, '--undo', '0', '--offline');
    const { terminal } = desk;
    await terminal.type('status');
    await terminal.shows(/^ {3}spooler +offline/m);
    await terminal.type('outbox');
    await desk.send('bob@else.test', 'On the train');
    await terminal.shows(/^ +1  queued  bob@else.test  On the train: The spooler is offline/m);
    await terminal.type('sendreceive');
    await terminal.shows('[1] sent to bob@else.test by home/smtp');
    await terminal.shows('Send/receive is complete');
    await desk.send('bob@else.test', 'Still on the train');
    await terminal.shows(/^ +2  queued  bob@else.test  Still on the train: The spooler is offline/m);
    await terminal.type('online');
    await terminal.shows('[2] sent to bob@else.test by home/smtp');
    await terminal.shows(/^ {3}spooler +started/m);
  });

  test('send/receive shows how far it is, and can be abandoned', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal, smtp } = desk;
    smtp.script({ at: 'RCPT', to: 'slow@else.test', do: 'stall' });
    await desk.send('slow@else.test --from work', 'Slowly');
    await terminal.type('status');
    await terminal.shows(/^ {3}work\/smtp .*1 queued/m);
    await terminal.type('sendreceive');
    await terminal.shows(/^-- send\/receive --\n {3}home +2 of 2 *\n {3}work +0 of 2/m);
    await terminal.type('sendreceive');
    await terminal.shows('a send/receive is under way; abandon ends it');
    await terminal.type('abandon');
    await terminal.shows('Send/receive is abandoned');
    await terminal.showsNot('-- send/receive --');
    smtp.dropConnections();
    await terminal.shows(/^ {3}work\/smtp (?!.*sending)/m);
    await terminal.type('sendreceive work');
    await terminal.shows('[1] sent to slow@else.test by work/smtp');
    await terminal.shows('Send/receive is complete');
  });

  test('who leaves while mail is on its way is told, and need not wait: it goes out next time', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal, smtp } = desk;
    smtp.script({ at: 'RCPT', do: 'stall' });
    await terminal.type('status');
    await desk.send('slow@else.test --from work', 'In a hurry');
    await terminal.shows(/^ {3}spooler .*sending/m);
    await terminal.type('quit');
    await terminal.shows('Waiting for what is on its way; Ctrl-C breaks it off.');
    await terminal.press('C-c');
    await terminal.shows('Goodbye. 1 in the Outbox will go out next time.');
    expect(await terminal.ended()).toBe(0);
    await terminal.again();
    await terminal.shows('[1] sent to slow@else.test by work/smtp');
    expect(smtp.messages().length).toBe(1);
  });

  test('T-048 a receipt is sent if it was asked for and the person agrees, once, and the sender hears of it', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal, smtp } = desk;
    await desk.send(`${workUser} --from work --receipt`, 'Please answer');
    await terminal.shows('New mail [2] for work: ann@work.test, Please answer');
    await terminal.type('read 2');
    await terminal.shows('ann@work.test asks to be told that you have read this. Tell? [y/N]');
    await terminal.type('y');
    await terminal.shows('A receipt is in the Outbox');
    await terminal.shows(`sent to ${workUser} by work/smtp`);
    await terminal.shows(`[1] read by ${workUser}`);
    const receipt = smtp.messages()[1];
    expect(receipt?.envelope.mailFrom?.address ?? '').toBe('');
    expect(Buffer.from(receipt?.raw ?? []).toString()).toContain('report-type=disposition-notification');
    await terminal.type('read 2');
    await terminal.type('inbox');
    await terminal.shows(/^ +2 {3}work {2}ann@work.test, Please answer$/m);
    expect(smtp.messages()).toHaveLength(2);
  });

  test('T-048 who never answers, or says no, sends no receipt; who always does, only where a program may', async () => {
    const asking = (more: string) =>
      `${more}From: Bob <bob@else.test>\r\nTo: ${workUser}\r\nSubject: Well?\r\nDisposition-Notification-To: bob@else.test\r\n\r\nHm\r\n`;
    for (const [receipts, says] of [
      ['never', /^ {2}Hm\nmail>/m],
      ['always', /No receipt is sent: noReturnPath/],
    ] as const) {
      await using desk = await Desk.open(servers, '--undo', '0', '--receipts', receipts);
      desk.imap.deliver(workUser, 'INBOX', asking(''));
      await desk.terminal.shows('New mail [1] for work: Bob, Well?');
      await desk.terminal.type('read 1');
      await desk.terminal.shows(says);
      expect(desk.smtp.messages()).toHaveLength(0);
      desk.imap.deliver(workUser, 'INBOX', asking('Return-Path: <bob@else.test>\r\n'));
      await desk.terminal.shows('New mail [2] for work: Bob, Well?');
      await desk.terminal.type('read 2');
      if (receipts === 'always') await desk.terminal.shows('sent to bob@else.test by work/smtp');
      else await desk.terminal.shows(/mail> read 2\nBob, Well\?\n {2}Hm\nmail>$/m);
      expect(desk.smtp.messages()).toHaveLength(receipts === 'always' ? 1 : 0);
    }
  });

  test('what is refused is told at once, comes back as a report, and can be tried once more', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal, smtp } = desk;
    smtp.refuse('new@else.test', { code: 550, message: 'No such user yet', times: 1 });
    await desk.send('new@else.test --from work', 'Welcome to the team');
    await terminal.shows(/\[1\] not delivered to new@else.test: 550.*No such user yet/);
    await terminal.shows('New mail [2] for work: Mail Delivery System, Undeliverable: Welcome to the team');
    await terminal.type('retry 1');
    await terminal.shows('[1] is tried again');
    await terminal.shows('[1] sent to new@else.test by work/smtp');
    await terminal.type('read 2');
    await terminal.shows(/No such user yet[^]*No such user yet/);
  });

  test('the transport order says which account takes what belongs to none', async () => {
    await using desk = await Desk.open(servers, '--undo', '0');
    const { terminal, smtp } = desk;
    await desk.send('bob@else.test --from ann@club.test', 'By home');
    await terminal.shows('[1] sent to bob@else.test by home/smtp');
    await terminal.type('order school');
    await terminal.shows('there is no account or session school');
    await terminal.type('order work');
    await terminal.shows('Transport order: work/smtp, work/imap, home/smtp, home/imap');
    await desk.send('bob@else.test --from ann@club.test', 'By work');
    await terminal.shows('[2] sent to bob@else.test by work/smtp');
    expect(smtp.messages().length).toBe(1);
  });

  test('T-001 U-006 killed with mail in the Outbox and started again: it is still there, and leaves at its time', async () => {
    await using desk = await Desk.open(servers, '--undo', '60');
    const { terminal } = desk;
    await desk.send('bob@else.test --at 2h', 'Long after it');
    await terminal.shows('[1] is in the Outbox and leaves when its time has come');
    await desk.send('bob@else.test', 'Before the crash');
    await terminal.shows('[2] is in the Outbox and leaves in 60 s');
    await terminal.type('later 2 5s');
    await terminal.shows('[2] leaves then');
    await terminal.kill();
    await servers.dovecot.append(desk.homeUser, 'From: Bob <bob@else.test>\r\nSubject: While you were away\r\n\r\nHello\r\n');
    await terminal.again();
    await terminal.shows(/New mail \[\d\] for home: Bob, While you were away/);
    await terminal.shows(/sent to bob@else.test by home\/smtp/);
    await terminal.type('outbox');
    await terminal.shows(/queued in 120 min {2}bob@else.test {2}Long after it/);
    await terminal.press('C-c');
    await terminal.shows('Goodbye. 1 in the Outbox will go out next time.');
    expect(await terminal.ended()).toBe(0);
    await terminal.again();
    await terminal.shows(/^mail>/m);
    await terminal.type('inbox');
    const screen = await terminal.shows(/^ +\d \* home {2}Bob, While you were away/m);
    expect(screen.match(/New mail/g)).toBeNull();
    expect((await sunk()).filter((subject) => subject === 'Before the crash')).toHaveLength(1);
  });
});
