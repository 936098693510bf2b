// Whether the server can be reached, and when to look again: one outage is one series of growing delays, however many
// hand-overs ran into it. The engine lets one of them probe when the time is up (U-010).
import { backoffMs, type Backoff, type Clock, type Gate, type Random } from 'mailspool/provider';
import type { OpeningError } from './opening.ts';
import { isClosing, statedDelayMs } from './replies.ts';

const outages: Backoff = { firstMs: 10_000, factor: 2, maxMs: 300_000, jitter: 0.2 };
/** New credentials are announced by whoever has them; this only makes sure that nobody waits for ever. */
const authRetryMs = 300_000;

export const authGate = (clock: Clock): Gate => ({ reason: 'authRequired', until: clock.now() + authRetryMs });

export class Reachability {
  readonly #clock: Clock;
  readonly #random: Random;
  #known = false;
  #failures = 0;
  #until = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether that is news. */
  reached(): boolean {
    const news = this.#failures !== 0 || !this.#known;
    this.#known = true;
    this.#failures = 0;
    this.#until = 0;
    return news;
  }

  /** The gate that a failure to connect closes. */
  failed(error: OpeningError): Gate {
    const now = this.#clock.now();
    this.#known = false;
    if (error.refusedCredentials) return authGate(this.#clock);
    if (now >= this.#until) {
      const delayMs = backoffMs(outages, ++this.#failures, this.#random);
      this.#until = now + Math.min(outages.maxMs, Math.max(delayMs, statedDelayMs(error.response ?? '') ?? 0));
    }
    return { reason: error.response !== undefined && isClosing(error.response) ? 'throttled' : 'unreachable', until: this.#until };
  }
}
