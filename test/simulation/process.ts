// One life of the spooler's process. When it dies nothing of it ever runs again: no timer rings, no call is answered,
// as after SIGKILL. What it had begun in the world outside stays begun.
import type { VirtualTime } from 'mailspool/testing';
import type { Clock } from '../../src/time/clock.ts';

const never = new Promise<never>(() => undefined);

export class Process {
  readonly clock: Clock;
  /** Resolves when it dies. */
  readonly death: Promise<void>;
  alive = true;
  readonly #time: VirtualTime;
  readonly #pass: (label: string) => void;
  readonly #isSlow: () => boolean;
  readonly #ends = new Set<() => void>();
  #died: () => void = () => undefined;

  /**
   * `pass` hears of each labelled point, and may let the process die there. While the disk is slow the clock does not
   * stand still until it has answered.
   */
  constructor(time: VirtualTime, pass: (label: string) => void, isSlow: () => boolean) {
    this.#time = time;
    this.#pass = pass;
    this.#isSlow = isSlow;
    this.death = new Promise((resolve) => (this.#died = resolve));
    this.clock = {
      now: () => time.now(),
      sleep: (ms, signal) => this.kept(time.sleep(ms, signal)),
      work: (running) => this.#work(running),
    };
  }

  die(): void {
    this.alive = false;
    for (const end of this.#ends) end();
    this.#ends.clear();
    this.#died();
  }

  /** The same promise, for as long as somebody lives to hear of it. */
  kept<T>(running: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      running.then(
        (value) => (this.alive ? resolve(value) : undefined),
        (error: unknown) => (this.alive ? reject(error as Error) : undefined),
      );
    });
  }

  /** A labelled point: whoever comes to it may not come past it. */
  async reach(label: string): Promise<void> {
    if (this.alive) this.#pass(label);
    if (!this.alive) await never;
  }

  /** The result, or undefined if the process died before. */
  async outcome<T>(running: Promise<T>): Promise<T | undefined> {
    return await Promise.race([running, this.death.then(() => undefined)]);
  }

  #work<T>(running: Promise<T>): Promise<T> {
    if (!this.alive) return never;
    if (this.#isSlow()) return this.kept(running);
    const ended = new Promise<void>((resolve) => {
      const end = () => {
        this.#ends.delete(end);
        resolve();
      };
      this.#ends.add(end);
      running.then(end, end);
    });
    void this.#time.work(ended);
    return this.kept(running);
  }
}
