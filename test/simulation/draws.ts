// Chance that can be replayed: everything that a run leaves to it comes from its seed.
import { seededRandom } from 'mailspool/testing';

export class Draws {
  readonly #next: () => number;

  constructor(seed: number | string) {
    const random = seededRandom(seed);
    this.#next = () => Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  /** True in `percent` of a hundred cases. */
  percent(percent: number): boolean {
    return this.#next() * 100 < percent;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.between(0, list.length - 1)] ?? list[0];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const all = [...list];
    for (let at = all.length - 1; at > 0; at -= 1) {
      const other = this.between(0, at);
      const [a, b] = [all[at] as T, all[other] as T];
      all[at] = b;
      all[other] = a;
    }
    return all;
  }
}

/** Everything that happened, as one number: two runs of a seed must agree on it (FNV-1a, 52 bits of two halves). */
export class Trace {
  readonly #log: string[] | undefined;
  #low = 0x811c9dc5;
  #high = 0x01000193;

  /** `keep`: every line, to compare two runs with each other. */
  constructor(keep = false) {
    this.#log = keep ? [] : undefined;
  }

  add(line: string): void {
    this.#log?.push(line);
    for (let at = 0; at < line.length; at += 1) {
      this.#low = Math.imul(this.#low ^ line.charCodeAt(at), 0x01000193);
      this.#high = Math.imul(this.#high ^ line.charCodeAt(at), 0x85ebca6b) + 1;
    }
  }

  get lines(): readonly string[] {
    return this.#log ?? [];
  }

  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
