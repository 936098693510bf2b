// One end of a control connection: JSON-RPC 2.0 in both directions, with streams and with cancelling. Client and server
// are the same thing; only the server has methods of its own.
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { isMailspoolError, MailspoolError, type ErrorCode } from '../../errors.ts';
import { jsonLines, type Lines } from './lines.ts';
import { OfferedStreams, pulled, pulledBytes, type Piece } from './streams.ts';
import { decode, encode, type Decoding } from './values.ts';

export type Method = (params: readonly unknown[], signal: AbortSignal) => unknown;

/** More requests at once on one connection are refused. */
const mostRequests = 64;

const message = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string().optional(),
  params: z.array(z.unknown()).default([]),
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.record(z.string(), z.unknown()).optional() }).optional(),
});
type Incoming = z.infer<typeof message>;

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Peer {
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #lines: Lines;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #asked = new Map<number, Asked>();
  readonly #answering = new Map<number | string, AbortController>();
  readonly #streams = new OfferedStreams();
  readonly #decoding: Decoding;
  #lastId = 0;
  #gone = false;

  constructor(stream: Duplex, methods: Readonly<Record<string, Method>> = {}) {
    this.#methods = methods;
    const { promise, resolve } = withResolvers<void>();
    this.closed = promise;
    this.#lines = jsonLines(stream, {
      line: (value) => this.#take(value),
      closed: (error) => {
        this.#lose(error);
        resolve();
      },
    });
    this.#decoding = {
      openBytes: (number) => pulledBytes(...this.#pull(number)),
      openItems: (number) => pulled(...this.#pull(number)),
    };
  }

  /** @throws what the other side threw; ECONNECTION if the connection ends first; the signal's reason */
  async request(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#gone) throw lost();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = withResolvers<unknown>();
    this.#asked.set(id, { resolve, reject });
    const abort = () => {
      this.#asked.delete(id);
      this.#lines.send({ jsonrpc: '2.0', method: '$cancel', params: [id] });
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#lines.send({ jsonrpc: '2.0', id, method, params: this.#encoded(params, () => undefined) });
      return await promise;
    } finally {
      this.#asked.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.#lines.close();
  }

  #take(value: unknown): void {
    const { success, data } = message.safeParse(value);
    if (!success) return this.close();
    if (data.method === undefined) return this.#settle(data);
    if (data.method === '$cancel')
      return this.#answering.get(data.params[0] as number | string)?.abort(new MailspoolError('ECANCEL', 'the caller cancelled'));
    if (data.method === '$close') return this.#streams.close(Number(data.params[0]));
    if (data.id !== undefined) void this.#answer(data.id, data.method, data.params);
  }

  #settle({ id, result, error }: Incoming): void {
    const asked = typeof id === 'number' ? this.#asked.get(id) : undefined;
    if (asked === undefined) return;
    if (error === undefined) asked.resolve(decode(result, this.#decoding));
    else asked.reject(revived(error.message, error.data));
  }

  async #answer(id: number | string, method: string, params: readonly unknown[]): Promise<void> {
    const cancel = new AbortController();
    this.#answering.set(id, cancel);
    try {
      const result = await this.#call(method, params, cancel.signal);
      this.#lines.send({ jsonrpc: '2.0', id, result: this.#encoded(result, () => cancel.abort()) ?? null });
    } catch (error) {
      this.#lines.send({ jsonrpc: '2.0', id, error: told(error) });
    } finally {
      this.#answering.delete(id);
    }
  }

  async #call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    if (method === '$read') return await this.#streams.read(Number(params[0]));
    if (this.#answering.size > mostRequests)
      throw new MailspoolError('EBUSY', `more than ${mostRequests} requests at once on one connection`, { temporary: true });
    const found = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (found === undefined) throw new MailspoolError('ENOSUPPORT', `there is no method ${JSON.stringify(method.slice(0, 64))}`);
    return await found(decode(params, this.#decoding) as unknown[], signal);
  }

  #encoded(value: unknown, end: () => void): unknown {
    return encode(value, { offer: (source) => this.#streams.offer(source, end) });
  }

  #pull(number: number): [read: () => Promise<Piece>, close: () => void] {
    const read = async () => (await this.request('$read', [number])) as Piece;
    return [read, () => this.#lines.send({ jsonrpc: '2.0', method: '$close', params: [number] })];
  }

  #lose(error: Error | undefined): void {
    this.#gone = true;
    for (const { reject } of this.#asked.values()) reject(lost(error));
    for (const cancel of this.#answering.values()) cancel.abort(lost(error));
    this.#asked.clear();
    this.#streams.closeAll();
  }
}

const lost = (cause?: Error): MailspoolError =>
  new MailspoolError('ECONNECTION', `the connection to the spooler is closed${cause === undefined ? '' : `: ${cause.message}`}`, {
    cause,
    temporary: true,
    remedy: 'Look whether the spooler still runs, and try again.',
  });

function told(error: unknown): object {
  if (!isMailspoolError(error)) return { code: -32603, message: error instanceof Error ? error.message : String(error) };
  const { code, field, remedy, temporary, message: text } = error;
  return { code: -32000, message: text, data: { code, field, remedy, temporary } };
}

function revived(text: string, data: Readonly<Record<string, unknown>> = {}): Error {
  const { code, field, remedy, temporary } = data;
  if (typeof code !== 'string') return new Error(text);
  return new MailspoolError(code as ErrorCode, text, {
    ...(typeof field === 'string' ? { field } : {}),
    ...(typeof remedy === 'string' ? { remedy } : {}),
    temporary: temporary === true,
  });
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
