// What is done in idle time: the store's sweep, and idle() of sessions that have one (M-093).
import { sleepUntil } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import type { Retention } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import type { Sessions } from './sessions.ts';

const day = 86_400_000;
const everyMs = 60_000;
const idleMs = 10_000;

/** What stays how long where nothing is said. Received mail stays until the program deletes it. */
export const defaultRetention: Retention = { contentMs: 7 * day, recordMs: 90 * day, idempotencyKeyMs: 7 * day };

export async function keepHouse(engine: Engine, sessions: Sessions, retention: Retention, busy: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleepUntil(engine.clock, engine.clock.now() + everyMs, signal);
    try {
      if (!busy()) await idle(engine, sessions, signal);
      while (!busy() && !signal.aborted && (await engine.store.sweep?.(retention))?.more) continue;
    } catch (error) {
      engine.logger.warn({ error }, 'housekeeping failed');
    }
  }
}

async function idle({ clock, logger }: Engine, sessions: Sessions, signal: AbortSignal): Promise<void> {
  for (const session of sessions.all) {
    const { transport } = session;
    if (!transport?.idle || session.critical) continue;
    await withDeadline(clock, idleMs, `idle of ${session.key}`, signal, async (bounded) => await transport.idle?.(bounded)).catch((error: unknown) =>
      logger.warn({ error, session: session.key }, 'idle failed'),
    );
  }
}
