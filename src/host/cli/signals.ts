// Interrupts of the person or the system. Only the command line installs signal handlers, never the library.

export type Interrupt = 'SIGINT' | 'SIGTERM';

/** Interrupts in the order they come, from now until disposed. */
export class Interrupts implements Disposable {
  readonly #first = new AbortController();
  readonly #waiting: ((interrupt: Interrupt) => void)[] = [];
  readonly #arrived: Interrupt[] = [];
  readonly #listen = (interrupt: NodeJS.Signals): void => {
    const known: Interrupt = interrupt === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(known);
    else waiting(known);
    this.#first.abort(new InterruptError(known));
  };

  constructor() {
    process.on('SIGINT', this.#listen);
    process.on('SIGTERM', this.#listen);
  }

  /** Aborts at the first one, with an InterruptError. */
  get signal(): AbortSignal {
    return this.#first.signal;
  }

  /** The next one that nobody has taken yet. */
  async next(): Promise<Interrupt> {
    const arrived = this.#arrived.shift();
    return arrived ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#listen);
    process.off('SIGTERM', this.#listen);
  }
}

export class InterruptError extends Error {
  readonly interrupt: Interrupt;

  constructor(interrupt: Interrupt) {
    super(interrupt === 'SIGINT' ? 'interrupted' : 'terminated');
    this.name = 'InterruptError';
    this.interrupt = interrupt;
  }

  get exitCode(): 130 | 143 {
    return this.interrupt === 'SIGINT' ? 130 : 143;
  }
}
