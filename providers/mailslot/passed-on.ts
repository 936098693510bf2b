// An owner's handle that was passed on to another thread, over a MessagePort: what Win32 does by duplicating a handle into
// another process (S-013). This side has the handle and serves it; the other asks.
import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, isMailspoolError, MailspoolError } from 'mailspool/provider';
import { MailslotBufferTooSmallError, MailslotClosedError } from './errors.ts';
import type { Mailslot, MailslotInfo, ReadOptions } from './mailslot.ts';
import type { MailslotMessage } from './message.ts';
import type { MailslotAddress } from './name.ts';
import type { ReadTimeout } from './slot.ts';

/** A handle in another thread than the slot. What a slot answers at once is answered here as soon as its thread does. */
export interface PassedOnMailslot
  extends Pick<Mailslot, 'address' | 'createdAt' | 'read' | 'close'>, AsyncIterable<MailslotMessage>, AsyncDisposable {
  info(): Promise<MailslotInfo>;
  setReadTimeout(timeout: ReadTimeout): Promise<void>;
}

type Call =
  | { readonly call: 'hello' | 'info' | 'next' | 'close' }
  | { readonly call: 'read'; readonly maxBytes: number | undefined }
  | { readonly call: 'setReadTimeout'; readonly timeout: ReadTimeout };
type Request = (Call & { readonly id: number }) | { readonly abort: number };
type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: Told });

interface Told {
  readonly code: string;
  readonly message: string;
  readonly field: string | undefined;
  readonly required: number | undefined;
}

/** The handle lives until the other side closes it, or the port does. */
export function serveHandle(handle: Mailslot, port: MessagePort): void {
  const messages = handle[Symbol.asyncIterator]();
  const reading = new Map<number, AbortController>();
  const answer = async (request: Call, signal: AbortSignal): Promise<unknown> => {
    switch (request.call) {
      case 'hello':
        return { address: handle.address, createdAt: handle.createdAt };
      case 'info':
        return handle.info();
      case 'setReadTimeout':
        return handle.setReadTimeout(request.timeout);
      case 'next':
        return (await messages.next()).value;
      case 'read':
        return await handle.read({ signal, ...(request.maxBytes !== undefined && { maxBytes: request.maxBytes }) });
      case 'close':
        return await handle.close();
    }
  };
  const serve = async ({ id, ...call }: Call & { readonly id: number }): Promise<void> => {
    const abort = new AbortController();
    reading.set(id, abort);
    const reply: Reply = await answer(call, abort.signal).then(
      (result) => ({ id, result }),
      (error: unknown) => ({ id, error: told(error) }),
    );
    reading.delete(id);
    port.postMessage(reply);
    if (call.call === 'close') port.close();
  };
  port.on('message', (request: Request) => {
    if ('abort' in request) reading.get(request.abort)?.abort();
    else void serve(request);
  });
  // The other thread ended, or let go.
  port.on('close', () => void handle.close());
}

/**
 * Takes the handle that {@link Mailslot.transfer} sends; either side may be first.
 * @throws EINVALIDOBJECT if the port closes before it comes
 */
export async function receiveMailslot(port: MessagePort): Promise<PassedOnMailslot> {
  const asking = new Asking(port);
  const { address, createdAt } = (await asking.ask({ call: 'hello' })) as { readonly address: MailslotAddress; readonly createdAt: Date };
  asking.address = address;
  const close = async (): Promise<void> => {
    if (asking.isOver) return;
    await asking.ask({ call: 'close' });
    asking.end();
  };
  return {
    address,
    createdAt,
    read: async ({ maxBytes, signal }: ReadOptions = {}) => (await asking.ask({ call: 'read', maxBytes }, signal)) as MailslotMessage | undefined,
    info: async () => (await asking.ask({ call: 'info' })) as MailslotInfo,
    setReadTimeout: async (timeout) => void (await asking.ask({ call: 'setReadTimeout', timeout })),
    close,
    [Symbol.asyncDispose]: close,
    async *[Symbol.asyncIterator]() {
      while (!asking.isOver) {
        const message = (await asking.ask({ call: 'next' }).catch(asking.unlessOver)) as MailslotMessage | undefined;
        if (message) yield message;
      }
    },
  };
}

interface Asked {
  readonly call: Call;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

class Asking {
  address: MailslotAddress | undefined;
  readonly #port: MessagePort;
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #over = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: Reply) => {
      const asked = this.#asked.get(reply.id);
      this.#asked.delete(reply.id);
      if ('error' in reply) asked?.reject(this.#revived(reply.error, asked.call));
      else asked?.resolve(reply.result);
    });
    port.on('close', () => this.end());
  }

  get isOver(): boolean {
    return this.#over;
  }

  readonly unlessOver = (error: unknown): undefined => {
    if (!this.#over) throw error;
  };

  /** A message that was taken before the signal's news arrived is not lost: then the answer comes all the same. */
  async ask(call: Call, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#over) throw this.#closed();
    const id = ++this.#count;
    const answer = new Promise<unknown>((resolve, reject) => this.#asked.set(id, { call, resolve, reject }));
    const abort = () => this.#port.postMessage({ abort: id } satisfies Request);
    signal?.addEventListener('abort', abort, { once: true });
    this.#port.postMessage({ ...call, id } satisfies Request);
    try {
      return await answer;
    } catch (error) {
      if (!this.#over) signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  end(): void {
    this.#over = true;
    for (const { reject } of this.#asked.values()) reject(this.#closed());
    this.#asked.clear();
  }

  #closed(): MailspoolError {
    return this.address
      ? new MailslotClosedError(this.address)
      : new MailspoolError('EINVALIDOBJECT', 'the port closed before the handle of a mailslot came');
  }

  #revived({ code, message, field, required }: Told, call: Call): Error {
    if (code === 'EINVALIDOBJECT') return this.#closed();
    if (required !== undefined) return new MailslotBufferTooSmallError(required, call.call === 'read' ? (call.maxBytes ?? 0) : 0);
    return new MailspoolError(code as ErrorCode, message, field === undefined ? {} : { field });
  }
}

const told = (error: unknown): Told => ({
  code: isMailspoolError(error) ? error.code : 'ECANCEL',
  message: error instanceof Error ? error.message : String(error),
  field: isMailspoolError(error) ? error.field : undefined,
  required: error instanceof MailslotBufferTooSmallError ? error.required : undefined,
});
