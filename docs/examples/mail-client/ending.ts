// What runs beside the prompt has an owner that waits for it.
import type { Background } from './client.ts';

export class Ending implements Background {
  readonly #life = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  run(task: (signal: AbortSignal) => Promise<void>): void {
    const running = task(this.signal)
      .catch(this.#failed)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async end(): Promise<void> {
    this.#life.abort();
    await Promise.all(this.#running);
  }
}
