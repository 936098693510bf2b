// Writing that is slow, stops or is cut in its midst, for a while, on request. For wire.ts.
import { sleepUntil, type Clock } from '../../time/clock.ts';

export interface Bend {
  /** Cuts the connection when so many bytes have gone out. */
  readonly dropAtByte?: number;
  /** Sends so many bytes and no more. */
  readonly stallAtByte?: number;
  readonly bytesPerSecond?: number;
}

/** Slow writing goes out in so many pieces each second. */
const piecesPerSecond = 10;

interface Out {
  /** Resolves when the bytes have left. */
  send(bytes: Uint8Array): Promise<void>;
  drop(): void;
  hangUp(): Promise<void>;
  readonly gone: AbortSignal;
}

export class Bending {
  readonly #out: Out;
  readonly #clock: Clock;
  readonly #bend: Bend;
  #sent = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(out: Out, clock: Clock, bend: Bend) {
    this.#out = out;
    this.#clock = clock;
    this.#bend = bend;
  }

  /** Resolves when the bytes have left, or the client. Never rejects. */
  write(bytes: Uint8Array): Promise<void> {
    this.#last = this.#last.then(() => this.#write(bytes)).catch(() => undefined);
    return this.#last;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { dropAtByte = Number.POSITIVE_INFINITY, stallAtByte = Number.POSITIVE_INFINITY, bytesPerSecond } = this.#bend;
    const pieceBytes = bytesPerSecond === undefined ? bytes.length : Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond));
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + Math.min(pieceBytes, Math.min(dropAtByte, stallAtByte) - this.#sent));
      const pauseMs = bytesPerSecond === undefined ? 0 : (piece.length * 1_000) / bytesPerSecond;
      if (pauseMs > 0) await sleepUntil(this.#clock, this.#clock.now() + pauseMs, this.#out.gone);
      if (piece.length > 0) await this.#out.send(piece);
      this.#sent += piece.length;
      at += piece.length;
      // What has gone out is to arrive: a reset could overtake it.
      if (this.#sent >= dropAtByte) return this.#sent === 0 ? this.#out.drop() : await this.#out.hangUp();
      if (this.#sent >= stallAtByte) await sleepUntil(this.#clock, undefined, this.#out.gone);
    }
  }
}
