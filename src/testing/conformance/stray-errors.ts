// Errors that nobody caught, for the time of one case: a provider that loses one ends the process of its users (U-044).
// Whoever else listens, such as a test runner, is left out meanwhile, so that the error belongs to the case.
import type { EventEmitter } from 'node:events';

const events = ['unhandledRejection', 'uncaughtException'] as const;

export class StrayErrors implements Disposable {
  readonly errors: unknown[] = [];
  readonly #others: (() => void)[] = [];
  readonly #listener = (error: unknown): void => void this.errors.push(error);

  constructor() {
    for (const event of events) {
      const emitter: EventEmitter = process;
      const listeners = emitter.rawListeners(event) as ((error: unknown) => void)[];
      for (const listener of listeners) emitter.removeListener(event, listener);
      emitter.addListener(event, this.#listener);
      this.#others.push(() => {
        emitter.removeListener(event, this.#listener);
        for (const listener of listeners) emitter.addListener(event, listener);
      });
    }
  }

  [Symbol.dispose](): void {
    for (const restore of this.#others.splice(0)) restore();
  }
}
