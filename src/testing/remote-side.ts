// Fakes are the other side: while one of them is slow on purpose, virtual time may move on under the work that waits.
import type { Clock } from '../time/clock.ts';

export const remoteSide = (clock: Clock): Clock => ('remote' in clock ? (clock.remote as Clock) : clock);
