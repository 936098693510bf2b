// JSON, one object per line, over a byte stream, in both directions. No line is longer than the bound: who sends a
// longer one is cut off.
import type { Duplex } from 'node:stream';
import { MailspoolError } from '../../errors.ts';

export const longestLineBytes = 16 * 1024 * 1024;
/** More than this unsent: the other side does not read, and we stop reading it until it does. */
const unsentBytes = 4 * 1024 * 1024;

export interface LineReader {
  line(value: unknown): void;
  /** The end, once: with an error if the stream broke or a line was no JSON. */
  closed(error?: Error): void;
}

export interface Lines {
  /** @throws ETOOLARGE if it is longer than the bound; nothing is sent then */
  send(value: unknown): void;
  close(): void;
}

export function jsonLines(stream: Duplex, reader: LineReader, maxBytes: number = longestLineBytes): Lines {
  let parts: Buffer[] = [];
  let length = 0;
  let ended = false;
  const end = (error?: Error) => {
    if (ended) return;
    ended = true;
    stream.destroy();
    reader.closed(error);
  };
  const take = (piece: Buffer) => {
    parts.push(piece);
    length += piece.length;
    if (length > maxBytes) end(new MailspoolError('EPROTOCOL', `a line on the control socket is longer than ${maxBytes} bytes`));
  };
  const finish = () => {
    const text = Buffer.concat(parts).toString('utf8');
    parts = [];
    length = 0;
    if (text.trim() === '') return;
    const value = parsed(text);
    if (value === undefined) end(new MailspoolError('EPROTOCOL', 'a line on the control socket is not JSON'));
    else reader.line(value.json);
  };
  stream.on('data', (chunk: Buffer) => {
    for (let from = 0; !ended && from < chunk.length;) {
      const newline = chunk.indexOf(10, from);
      take(chunk.subarray(from, newline === -1 ? chunk.length : newline));
      if (newline === -1) return;
      if (!ended) finish();
      from = newline + 1;
    }
  });
  stream.on('drain', () => stream.resume());
  stream.on('error', end);
  stream.on('close', () => end());
  stream.on('end', () => end());
  return {
    send: (value) => {
      const text = JSON.stringify(value);
      if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes)
        throw new MailspoolError('ETOOLARGE', `the answer is longer than ${maxBytes} bytes`);
      if (ended || stream.destroyed) return;
      stream.write(`${text}\n`);
      if (stream.writableLength > unsentBytes) stream.pause();
    },
    close: () => end(),
  };
}

/** `__proto__` as a key is dropped: a later copy would make a prototype of it. */
function parsed(text: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value)) };
  } catch {
    return undefined;
  }
}
