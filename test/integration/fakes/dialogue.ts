// A client by hand: lines go out, what comes back is gathered until the server closes.
import { once } from 'node:events';
import { connect } from 'node:net';

interface Server {
  readonly host: string;
  readonly port: number;
}

/** Sends lines, all at once, and gives everything that came back until the connection was closed or reset. */
export const talk = (server: Server, lines: readonly string[]): Promise<string> => talkRaw(server, [lines.map((line) => `${line}\r\n`).join('')]);

/** Sends chunks as they are, one after the other. */
export async function talkRaw(server: Server, chunks: readonly string[]): Promise<string> {
  const socket = connect(server.port, server.host).setNoDelay(true).setEncoding('utf8');
  let heard = '';
  const closed = new Promise<void>((resolve) =>
    socket
      .on('data', (text: string) => (heard += text))
      .on('close', () => resolve())
      .on('error', () => undefined),
  );
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  return heard;
}

/** A conversation: what is asked, and what comes up to a line that matches. */
export class Conversation implements AsyncDisposable {
  readonly #socket;
  #heard = '';

  constructor(server: Server) {
    this.#socket = connect(server.port, server.host).setNoDelay(true).setEncoding('utf8');
    this.#socket.on('data', (text: string) => (this.#heard += text)).on('error', () => undefined);
  }

  /** Gives what has come up to and with what matches, or all when the server has closed. */
  async hears(pattern: RegExp): Promise<string> {
    while (this.#heard.search(pattern) < 0 && !this.#socket.closed) {
      const heard = new AbortController();
      // A reset is an end like another.
      await Promise.race(['data', 'close'].map((event) => once(this.#socket, event, heard))).catch(() => undefined);
      heard.abort();
    }
    const found = pattern.exec(this.#heard);
    const end = found ? found.index + found[0].length : this.#heard.length;
    const heard = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end);
    return heard;
  }

  async says(line: string, pattern: RegExp): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return await this.hears(pattern);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }
}
