// The reserve on the disk (T-006): intake stops while there is still room for the state of what was accepted.
import { statfsSync } from 'node:fs';
import { MailspoolError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';

/** 1.5 times a large message of 64 MiB. */
export const defaultReserveBytes: number = 96 * 1024 * 1024;

/** Looks at most this often. */
const lookEveryMs = 1000;

export class FreeSpace {
  readonly #directory: string;
  readonly #reserveBytes: number;
  #lookedAt: Instant = Number.NEGATIVE_INFINITY;
  #freeBytes = 0;

  constructor(directory: string, reserveBytes: number) {
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
  }

  /** @throws ESTORE (temporary) if less than the reserve is free */
  ensure(now: Instant): void {
    if (this.#reserveBytes <= 0) return;
    if (Math.abs(now - this.#lookedAt) >= lookEveryMs) this.#look(now);
    if (this.#freeBytes >= this.#reserveBytes) return;
    const [free, reserve] = [this.#freeBytes, this.#reserveBytes].map((bytes) => Math.floor(bytes / 1024 / 1024));
    throw new MailspoolError(
      'ESTORE',
      `${free} MiB are free on the disk of ${this.#directory}, ${reserve} MiB are kept for the state of what is already here`,
      {
        temporary: true,
        remedy: 'Free space on the disk, or lower reserveBytes; the store goes on by itself.',
      },
    );
  }

  #look(now: Instant): void {
    const { bavail, bsize } = statfsSync(this.#directory);
    this.#freeBytes = bavail * bsize;
    this.#lookedAt = now;
  }
}
