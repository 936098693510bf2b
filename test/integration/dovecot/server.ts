// A private Dovecot for one test file: ports of its own, every user exists (own user per test), a throw-away
// directory. Ready means that a LOGIN worked; it ends by SIGKILL, since an orderly stop takes seconds.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { systemClock } from '../../../src/time/clock.ts';

const run = promisify(execFile);
const password = 'secret';
const binaries = ['/usr/sbin/dovecot', '/usr/bin/doveadm'];

export interface Dovecot extends AsyncDisposable {
  readonly host: '127.0.0.1';
  /** STARTTLS is offered here. */
  readonly port: number;
  /** TLS from the start. */
  readonly securePort: number;
  /** The certificate of both, for `tls: { ca }`. */
  readonly ca: string;
  /** A user that nobody else has. */
  newUser(): { readonly user: string; readonly pass: string };
  /** A second client, as another program would be; closed with the server. */
  client(user: string): Promise<ImapFlow>;
  append(
    user: string,
    message: string | Buffer,
    options?: { readonly folder?: string; readonly flags?: string[]; readonly date?: Date },
  ): Promise<void>;
  /** Into the inbox, whatever its size. */
  save(user: string, message: Readable): Promise<void>;
  /** Into the inbox by Dovecot's delivery agent, with the Return-Path that a server writes which pipes to it. */
  deliver(user: string, from: string, message: Uint8Array): Promise<void>;
  doveadm(...args: readonly string[]): Promise<string>;
  setUidValidity(user: string, uidValidity: number, folder?: string): Promise<void>;
  /** Closes the user's sessions, that of `client` included. */
  kick(user: string): Promise<void>;
}

/** Whether it can be started here. Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasDovecot(whatIsNotShown: string): boolean {
  if (binaries.every((binary) => existsSync(binary))) return true;
  if (process.env['CI'] === 'true') throw new Error('dovecot-imapd is not installed, and CI=true requires it');
  process.stderr.write(`skipped, dovecot-imapd is not installed: ${whatIsNotShown}\n`);
  return false;
}

export async function startDovecot(): Promise<Dovecot> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-dovecot-'));
  const [port, securePort] = [await freePort(), await freePort()];
  await prepare(directory, port, securePort);
  await launch(join(directory, 'dovecot.conf'));
  const server = new PrivateDovecot(directory, port, securePort, await readFile(join(directory, 'tls.crt'), 'utf8'));
  await server.ready();
  return server;
}

class PrivateDovecot implements Dovecot {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly securePort: number;
  readonly ca: string;
  readonly #directory: string;
  readonly #clients = new Map<string, Promise<ImapFlow>>();
  #users = 0;

  constructor(directory: string, port: number, securePort: number, ca: string) {
    this.#directory = directory;
    this.port = port;
    this.securePort = securePort;
    this.ca = ca;
  }

  newUser(): { user: string; pass: string } {
    return { user: `user${++this.#users}`, pass: password };
  }

  async client(user: string): Promise<ImapFlow> {
    const known = await this.#clients.get(user);
    if (known?.usable) return known;
    const fresh = this.#connect(user);
    this.#clients.set(user, fresh);
    return fresh;
  }

  async append(user: string, message: string | Buffer, options: { folder?: string; flags?: string[]; date?: Date } = {}): Promise<void> {
    const client = await this.client(user);
    await client.append(options.folder ?? 'INBOX', message, options.flags ?? [], options.date);
  }

  async doveadm(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('/usr/bin/doveadm', ['-c', join(this.#directory, 'dovecot.conf'), ...args]);
    return stdout;
  }

  async save(user: string, message: Readable): Promise<void> {
    await this.#given('/usr/bin/doveadm', ['save', '-u', user, '-m', 'INBOX'], message);
  }

  async deliver(user: string, from: string, message: Uint8Array): Promise<void> {
    const delivered = Buffer.concat([Buffer.from(`Return-Path: <${from}>\r\n`), message]);
    await this.#given('/usr/lib/dovecot/dovecot-lda', ['-d', user, '-f', from, '-e'], Readable.from([delivered], { objectMode: false }));
  }

  async #given(program: string, args: readonly string[], message: Readable): Promise<void> {
    const running = spawn(program, ['-c', join(this.#directory, 'dovecot.conf'), ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = once(running, 'exit') as Promise<[number | null]>;
    await pipeline(message, running.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  }

  async setUidValidity(user: string, uidValidity: number, folder = 'INBOX'): Promise<void> {
    await this.doveadm('mailbox', 'update', '--uid-validity', String(uidValidity), '-u', user, folder);
  }

  async kick(user: string): Promise<void> {
    (await this.#clients.get(user))?.close();
    this.#clients.delete(user);
    await this.doveadm('kick', user);
  }

  /** Right after the start a client may be greeted with "Waiting for authentication process". */
  async ready(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const client = await this.#connect('ready');
        client.close();
        return;
      } catch (error) {
        if (attempt >= 100) throw new Error(`dovecot did not let us in: ${await this.#log()}`, { cause: error });
        await systemClock.sleep(50);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) (await client.catch(() => undefined))?.close();
    const pid = Number(await readFile(join(this.#directory, 'run', 'master.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async #connect(user: string): Promise<ImapFlow> {
    const client = new ImapFlow({
      host: this.host,
      port: this.securePort,
      secure: true,
      tls: { ca: this.ca, servername: 'localhost' },
      auth: { user, pass: password },
      logger: false,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async #log(): Promise<string> {
    return readFile(join(this.#directory, 'dovecot.log'), 'utf8').catch(() => 'no log');
  }
}

/** The command returns once the daemon is on its own; with pipes it would keep them open. */
async function launch(configuration: string): Promise<void> {
  const starting = spawn('/usr/sbin/dovecot', ['-c', configuration], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(starting, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`dovecot ended with ${code}`);
}

async function prepare(directory: string, port: number, securePort: number): Promise<void> {
  await chmod(directory, 0o755);
  for (const part of ['run', 'state', 'mail']) await mkdir(join(directory, part));
  await certificate(directory);
  await writeFile(join(directory, 'dovecot.conf'), await configuration(directory, port, securePort));
}

async function certificate(directory: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(directory, 'tls.key')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run('openssl', ['req', '-x509', '-days', '30', ...key, ...name, '-out', join(directory, 'tls.crt')]);
}

async function configuration(directory: string, port: number, securePort: number): Promise<string> {
  const me = userInfo();
  const root = me.uid === 0;
  const [internal, login, mail] = root ? ['dovecot', 'dovenull', 'mail'] : [me.username, me.username, me.username];
  if (root) await run('chown', ['mail:mail', join(directory, 'mail')]);
  const groupOf = async (user: string): Promise<string> => (await run('id', ['-gn', user])).stdout.trim();
  return `base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = ${internal}
default_internal_group = ${await groupOf(internal)}
default_login_user = ${login}
ssl = yes
postmaster_address = postmaster@harbour.example
ssl_cert = <${directory}/tls.crt
ssl_key = <${directory}/tls.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:${directory}/mail/%u
mail_fsync = never
mail_max_userip_connections = 100
first_valid_uid = 1
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${mail} gid=${await groupOf(mail)} home=${directory}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${securePort}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap {
  process_limit = 64
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
