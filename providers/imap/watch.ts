// Waits for news on one connection: IDLE for promptness, looking by oneself for certainty. Liveness does not rest on
// IDLE: the folder is looked into every `pollIntervalMs` whatever the server says or does not say (U-042, T-053, F-25).
import { abortable, backoffMs, sleepUntil, TransportError, type SpoolerSupport } from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import type { ImapLink } from './link.ts';
import type { Settings } from './options.ts';
import type { Bell } from './waiting.ts';

/** After a hint that showed nothing yet: look again so often, so soon (U-046). */
const recheckAfterMs = [1_000, 2_000, 4_000];
/** IDLE that ends by itself so often in one round is not worth another try in that round. */
const barrenIdles = 3;

export interface WatchSetup {
  readonly settings: Settings;
  readonly support: SpoolerSupport;
  readonly link: ImapLink;
  readonly hints: Bell;
  /** Looks for news: at everything, or where a hint came from. Whether there is some. */
  look(connection: ImapConnection, reason: 'hint' | 'time'): Promise<boolean>;
  /** Opens the folder that IDLE is about, if it is not open; false: there is none. */
  openForIdle(connection: ImapConnection, signal: AbortSignal): Promise<boolean>;
  /** Resolves when the connection is not needed for receiving. */
  free(signal: AbortSignal): Promise<void>;
}

export class Watch {
  readonly #setup: WatchSetup;
  #failures = 0;

  constructor(setup: WatchSetup) {
    this.#setup = setup;
  }

  /** Until the signal aborts; whatever fails in between is waited out and begun anew (U-043). */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const connection = await this.#setup.link.open(signal);
        await this.#watch(connection, signal);
      } catch (error) {
        if (!signal.aborted) await this.#pause(error, signal).catch(() => undefined);
      }
    }
  }

  async #watch(connection: ImapConnection, signal: AbortSignal): Promise<never> {
    const { settings, hints, look } = this.#setup;
    const roundMs = Math.min(settings.pollIntervalMs, settings.idleRenewMs);
    let reason: 'hint' | 'time' = 'time';
    for (let rechecks = recheckAfterMs.length; ;) {
      hints.still();
      const found = await look(connection, reason);
      this.#failures = 0;
      if (found || reason === 'time') rechecks = recheckAfterMs.length;
      const waitMs = Math.min(roundMs, recheckAfterMs[rechecks] ?? roundMs);
      const woken = await this.#wait(connection, waitMs, signal);
      if (woken === 'hint') rechecks = 0;
      else rechecks += 1;
      reason = woken === 'hint' || rechecks < recheckAfterMs.length ? 'hint' : 'time';
    }
  }

  /** IDLE until the server hints at something or the time is over. Rejects when the connection is lost. */
  async #wait(connection: ImapConnection, ms: number, signal: AbortSignal): Promise<'hint' | 'time'> {
    const round = new AbortController();
    const end = (): void => round.abort(connection.gone.reason ?? signal.reason);
    connection.gone.addEventListener('abort', end, { once: true });
    signal.addEventListener('abort', end, { once: true });
    try {
      if (connection.gone.aborted || signal.aborted) end();
      const failed = this.#keepIdling(connection, round.signal);
      return await Promise.race([
        this.#setup.hints.heard(round.signal).then(() => 'hint' as const),
        this.#setup.support.clock.sleep(ms, round.signal).then(() => 'time' as const),
        failed,
      ]);
    } finally {
      connection.gone.removeEventListener('abort', end);
      signal.removeEventListener('abort', end);
      round.abort(new Error('the round is over'));
    }
  }

  /** IDLE as often as receiving interrupts it. Never resolves: what it waits for is told by others. */
  async #keepIdling(connection: ImapConnection, signal: AbortSignal): Promise<never> {
    for (let barren = 0; barren < barrenIdles && connection.can('IDLE');) {
      await this.#setup.free(signal);
      if (!(await this.#setup.openForIdle(connection, signal))) break;
      const issued = connection.issued;
      await connection.idle(signal);
      if (connection.issued === issued) barren++;
    }
    return abortable(new Promise<never>(() => undefined), signal);
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { link, settings, support, hints } = this.#setup;
    const now = support.clock.now();
    const known = error instanceof TransportError && error.gate !== undefined && !link.isOpen;
    if (!known) support.logger.error({ error }, 'imap: looking for mail failed; tried again');
    const until = known ? link.retryAt : now + backoffMs(settings.retry, ++this.#failures, support.random);
    const round = new AbortController();
    const end = (): void => round.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    try {
      hints.still();
      await Promise.race([sleepUntil(support.clock, until, round.signal), hints.heard(round.signal)]);
    } finally {
      signal.removeEventListener('abort', end);
      round.abort(new Error('the pause is over'));
    }
  }
}
