// One turn of the event loop. Virtual time waits by turns, not by milliseconds.
import { setImmediate as immediate } from 'node:timers/promises';

/** Resolves in the next turn: whatever was ready before has run by then. */
export const nextTurn = (): Promise<void> => immediate();
