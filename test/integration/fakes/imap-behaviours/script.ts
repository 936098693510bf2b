// A script of IMAP behaviours: what clients send and what they get, in files that any IMAP server can be held against.
//
//   # says what the next lines show
//   A> SELECT INBOX            connection A, logged on at its first line, sends a command
//   A< * 3 EXISTS              what it gets, in the form of answers.ts, the completion last
//   A< OK [READ-WRITE]
//   B~ EXISTS                  connection B waits, in IDLE, until it is told that
//
// The answers are Dovecot's; `vitest -u` on imap-behaviours.test.ts writes them into a script that is new or has changed.
// A connection whose name begins with X is not logged on. `$user`, `$password` and `$plain` (RFC 4616, in base64) stand
// for the server's; `$uidvalidity`, `$highestmodseq` and `$modseq` for the value said last; `<name>` for the message of
// that file, as a literal.
import { readFileSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { normalised } from './answers.ts';
import { takeResponse, type Response } from './response.ts';

const folder = join(import.meta.dirname, '../../../fixtures/imap');

/** What a script is held against. */
export interface ServerUnderScript {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pass: string;
}

export const scripts: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.replace(/\.txt$/, ''))
  .sort();

export const scriptFile = (name: string): string => join(folder, `${name}.txt`);

/** The script with its answers. */
export const scriptText = (name: string): string => readFileSync(scriptFile(name), 'utf8');

/** Plays a script and gives it back with the answers of this server. */
export async function play(script: string, server: ServerUnderScript): Promise<string> {
  const written: string[] = [];
  const connections = new Map<string, Connection>();
  const values = new Map<string, string>([
    ['user', server.user],
    ['password', server.pass],
    ['plain', Buffer.from(`\0${server.user}\0${server.pass}`).toString('base64')],
  ]);
  try {
    for (const text of script.trimEnd().split('\n')) {
      const [, name = '', what = '', argument = ''] = /^([A-Z]\w*)([>~]) ?(.*)$/.exec(text) ?? [];
      if (name === '') {
        if (!/^[A-Z]\w*</.test(text)) written.push(text);
        continue;
      }
      const connection = connections.get(name) ?? (await Connection.open(name, server, values));
      connections.set(name, connection);
      written.push(text);
      const answer = what === '>' ? await connection.send(filled(argument, values)) : await connection.until(argument);
      written.push(...answer.map((line) => `${name}< ${line}`));
    }
    return `${written.join('\n')}\n`;
  } finally {
    for (const connection of connections.values()) connection.close();
  }
}

const filled = (text: string, values: ReadonlyMap<string, string>): string =>
  text
    .replace(/\$([a-z]+)/g, (whole, name: string) => values.get(name) ?? whole)
    .replaceAll('\\r\\n', '\r\n')
    .replace(/<([a-z][\w-]*)>/g, (_, name: string) => {
      const message = readFileSync(join(folder, 'messages', `${name}.eml`), 'utf8').replaceAll('\n', '\r\n');
      return `{${Buffer.byteLength(message)}+}\r\n${message}`;
    });

class Connection {
  readonly #socket: Socket;
  readonly #values: Map<string, string>;
  #arrived = '';
  #ended = false;
  #wake: () => void = () => undefined;
  #tags = 0;

  static async open(name: string, server: ServerUnderScript, values: Map<string, string>): Promise<Connection> {
    const connection = new Connection(connect(server.port, server.host), values);
    await connection.#collect((response) => response.tag === '*');
    if (!name.startsWith('X')) await connection.send(filled('LOGIN $user $password', values));
    return connection;
  }

  private constructor(socket: Socket, values: Map<string, string>) {
    this.#socket = socket.setNoDelay(true).setEncoding('latin1');
    this.#values = values;
    const ended = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('data', (text: string) => {
      this.#arrived += text;
      this.#wake();
    });
    socket.on('error', ended).on('close', ended);
  }

  /** The whole answer to a command; of one that is continued, what comes before the `+`. */
  async send(command: string): Promise<string[]> {
    const continued = /^(?:DONE|[A-Za-z0-9+/]+=*|\*)$/.test(command) && this.#continued;
    this.#socket.write(Buffer.from(continued ? `${command}\r\n` : `t${++this.#tags} ${command}\r\n`));
    return normalised(await this.#collect(({ tag }) => tag === '+' || tag === `t${this.#tags}`));
  }

  /** What comes until there is a response that contains `text`. */
  async until(text: string): Promise<string[]> {
    return normalised(await this.#collect(({ rest }) => rest.includes(text)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #continued = false;

  async #collect(last: (response: Response) => boolean): Promise<Response[]> {
    const responses: Response[] = [];
    for (;;) {
      const taken = takeResponse(this.#arrived);
      if (taken) {
        this.#arrived = taken.left;
        this.#learn(taken.response.rest);
        responses.push(taken.response);
        if (taken.response.tag !== '*') this.#continued = taken.response.tag === '+';
        if (last(taken.response)) return responses;
      } else if (this.#ended) return [...responses, { tag: '', rest: 'connection closed' }];
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #learn(rest: string): void {
    for (const [, name = '', value = ''] of rest.matchAll(/\b(UIDVALIDITY|HIGHESTMODSEQ|MODSEQ) \(?(\d+)/g))
      this.#values.set(name.toLowerCase(), value);
  }
}
