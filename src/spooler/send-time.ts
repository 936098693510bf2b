// When a message may be offered first: the forms in which a program says so, as one instant (M-035, M-036).
import { MailspoolError } from '../errors.ts';
import type { DeferredSendUnit, SendAt } from '../message/submit-message.ts';
import type { Instant } from '../time/clock.ts';
import { zonedInstant } from '../time/zoned.ts';

/** MAPI's units, as PidTagDeferredSendUnits fixes them: a day is 24 hours, whatever the clocks do meanwhile. */
const unitMs: Readonly<Record<DeferredSendUnit, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
const mostUnits = 999;

/**
 * A time in the past is now (M-035). A delay counts from `now`; number and unit count from the submit time, and the time
 * that stands beside them is ignored (M-036). @throws EINVALID
 */
export function instantOf(sendAt: SendAt, now: Instant, submitTime: Instant = now): Instant {
  const at = given(sendAt, now, submitTime);
  if (!Number.isFinite(at)) throw new MailspoolError('EINVALID', 'sendAt is not a time', { field: 'sendAt' });
  return at;
}

function given(sendAt: SendAt, now: Instant, submitTime: Instant): Instant {
  if (typeof sendAt === 'number' || sendAt instanceof Date) return Number(sendAt);
  if ('number' in sendAt) return submitTime + span(sendAt.number, sendAt.unit);
  return 'afterMs' in sendAt ? now + sendAt.afterMs : zonedInstant(sendAt.local, sendAt.timeZone);
}

function span(number: number, unit: DeferredSendUnit): number {
  if (!(Number.isInteger(number) && number >= 0 && number <= mostUnits))
    throw new MailspoolError('EINVALID', `${number} is not a whole number from 0 to ${mostUnits}`, { field: 'sendAt.number' });
  if (!Object.hasOwn(unitMs, unit))
    throw new MailspoolError('EINVALID', `${JSON.stringify(unit)} is none of ${Object.keys(unitMs).join(', ')}`, { field: 'sendAt.unit' });
  return number * unitMs[unit];
}
