// Calls whose failures are told and change nothing (M-105).
import { withDeadline } from '../time/deadline.ts';
import type { Engine } from './engine.ts';

/** How long a session may take over what it cannot refuse: logoff, an event, a shutdown. */
export const courtesyMs = 5_000;

const never: AbortSignal = new AbortController().signal;

export async function quietly({ clock, logger }: Pick<Engine, 'clock' | 'logger'>, what: string, run: () => unknown): Promise<void> {
  try {
    await withDeadline(clock, courtesyMs, what, never, async () => await run());
  } catch (error) {
    logger.warn({ error }, `${what} failed`);
  }
}
