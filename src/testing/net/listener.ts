// A listener on the loopback and the connections that came in through it. For the fakes: starts in a millisecond,
// and after `close` nothing of it is left.
import { createServer, type AddressInfo, type Server } from 'node:net';
import { MailspoolError } from '../../errors.ts';
import { Wire } from './wire.ts';

/** Nothing outside the machine can reach a fake. */
const loopback = '127.0.0.1';

export class Listener {
  readonly host: string = loopback;
  /** How many connections there were at once at most. */
  peak = 0;
  /** How many connections there were so far. */
  total = 0;
  readonly #server: Server;
  readonly #open = new Map<Wire, Promise<void>>();

  /** Listens on `port` (0: any that is free); `serve` tells the story of one connection. @throws ECONFIG if the port is taken */
  static async open(port: number, serve: (wire: Wire) => Promise<void>): Promise<Listener> {
    const listener = new Listener(serve);
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void =>
        reject(new MailspoolError('ECONFIG', `cannot listen on ${loopback}:${port}: ${cause.message}`, { cause, field: 'port' }));
      listener.#server.once('error', failed);
      listener.#server.listen(port, loopback, () => {
        listener.#server.off('error', failed);
        resolve();
      });
    });
    return listener;
  }

  private constructor(serve: (wire: Wire) => Promise<void>) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const wire = new Wire(socket);
      this.#open.set(
        wire,
        // Only when it counts: a fault may ask how many are open, this one included.
        Promise.resolve()
          .then(() => serve(wire))
          .finally(() => wire.end()),
      );
      wire.gone.addEventListener('abort', () => this.#open.delete(wire), { once: true });
      this.peak = Math.max(this.peak, this.#open.size);
      this.total++;
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** Cuts every connection; new ones are still taken. */
  dropConnections(): void {
    for (const wire of this.#open.keys()) wire.drop();
  }

  /** Stops listening, cuts every connection and waits until all is over. */
  async close(): Promise<void> {
    const served = [...this.#open.values()];
    const gone = [...this.#open.keys()].map((wire) => wire.whenGone());
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropConnections();
    await Promise.all([closed, ...served, ...gone]);
  }
}
