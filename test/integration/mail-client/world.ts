// A person with two accounts: home on Postfix's smtp-sink and Dovecot, work on fakes that misbehave on request; and the
// mail client in a terminal.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeImap, fakeMailboxes, fakeSmtp, type FakeImap, type FakeSmtp } from 'mailspool/testing';
import { systemClock } from '../../../src/time/clock.ts';
import { startDovecot, type Dovecot } from '../dovecot/server.ts';
import { startSmtpSink, type SmtpSink } from '../postfix/smtp-sink.ts';
import { Terminal } from './terminal.ts';

const root = join(import.meta.dirname, '../../..');
const client = [process.execPath, '--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(root, 'docs/examples/mail-client/index.ts')];

export const workUser = 'ann@work.test';

/** The servers of a test file. */
export class Servers implements AsyncDisposable {
  readonly dovecot: Dovecot;
  readonly sink: SmtpSink;

  private constructor(dovecot: Dovecot, sink: SmtpSink) {
    this.dovecot = dovecot;
    this.sink = sink;
  }

  static async start(): Promise<Servers> {
    return new Servers(await startDovecot(), await startSmtpSink());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sink[Symbol.asyncDispose]();
    await this.dovecot[Symbol.asyncDispose]();
  }
}

/** One test's person, at the prompt. */
export class Desk implements AsyncDisposable {
  readonly terminal: Terminal;
  readonly smtp: FakeSmtp;
  readonly imap: FakeImap;
  readonly homeUser: string;
  readonly #folder: string;

  private constructor(parts: Pick<Desk, 'terminal' | 'smtp' | 'imap' | 'homeUser'>, folder: string) {
    ({ terminal: this.terminal, smtp: this.smtp, imap: this.imap, homeUser: this.homeUser } = parts);
    this.#folder = folder;
  }

  /** With the prompt on the screen. */
  static async open({ dovecot, sink }: Servers, ...options: readonly string[]): Promise<Desk> {
    const folder = await mkdtemp(join(tmpdir(), 'ms-client-'));
    const mailboxes = fakeMailboxes({ users: { [workUser]: 'secret' } });
    const [smtp, imap] = [await fakeSmtp({ mailboxes }), await fakeImap({ mailboxes })];
    const home = dovecot.newUser();
    const accounts = [
      {
        name: 'home',
        identities: ['ann@home.test'],
        providers: [
          { use: 'smtp', host: '127.0.0.1', port: sink.port },
          { use: 'imap', host: 'localhost', port: dovecot.securePort, tls: { ca: dovecot.ca }, auth: home, begin: 'all' },
        ],
      },
      {
        name: 'work',
        identities: [workUser],
        credentials: { user: workUser, pass: 'secret' },
        providers: [
          { use: 'smtp', host: smtp.host, port: smtp.port },
          { use: 'imap', host: imap.host, port: imap.port, secure: false, begin: 'all' },
        ],
      },
    ];
    await writeFile(join(folder, 'accounts.json'), JSON.stringify({ accounts }));
    const terminal = await Terminal.start([...client, '--config', 'accounts.json', '--folder', 'mail', ...options], folder);
    await terminal.shows(/^mail>/m);
    return new Desk({ terminal, smtp, imap, homeUser: home.user }, folder);
  }

  /** As a person does: each line once the client asks for it. */
  async send(options: string, subject: string): Promise<void> {
    await this.terminal.type(`send ${options}`);
    await this.terminal.shows(/^Subject:$/m);
    await this.terminal.type(subject);
    await this.terminal.shows(/^\|$/m);
    await this.terminal.type(`This is ${subject}.`);
    await this.terminal.shows(`| This is ${subject}.`);
    await this.terminal.shows(/^\|$/m);
    await this.terminal.type('.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [what, end] of Object.entries({
      'the terminal': () => this.terminal[Symbol.asyncDispose](),
      'the SMTP server': () => this.smtp.close(),
      'the IMAP server': () => this.imap.close(),
    }))
      await ended(what, end());
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** @throws if it does not end */
async function ended(what: string, ending: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = systemClock.sleep(20_000, over.signal).then(() => Promise.reject(new Error(`${what} does not end`)));
  try {
    await Promise.race([ending, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}

/** Without accounts: the sandbox. */
export async function sandbox(cwd: string, ...options: readonly string[]): Promise<Terminal> {
  return await Terminal.start([...client, ...options], cwd);
}
