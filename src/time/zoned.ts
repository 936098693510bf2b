// Local time in an IANA zone to an instant, by the zone data of the running Node.
import { MailspoolError } from '../errors.ts';
import type { Instant } from './clock.ts';

/**
 * The instant of a local time such as `2026-03-29T02:30` in a zone such as `Europe/Berlin`. A time that is skipped in
 * spring counts as if the clock had not been moved yet; one that comes twice in autumn is the first.
 * @throws EINVALID if the time or the zone is not understood
 */
export function zonedInstant(local: string, timeZone: string): Instant {
  const asUtc = Date.parse(`${local}${local.includes('T') ? '' : 'T00:00'}Z`);
  if (Number.isNaN(asUtc))
    throw new MailspoolError('EINVALID', `${JSON.stringify(local)} is not a local time like 2026-03-29T14:30`, { field: 'sendAt.local' });
  const offsets = [asUtc - day, asUtc, asUtc + day].map((at) => offsetMs(at, timeZone));
  const exact = offsets.map((offset) => asUtc - offset).filter((at) => at + offsetMs(at, timeZone) === asUtc);
  return exact.length > 0 ? Math.min(...exact) : asUtc - (offsets[0] ?? 0);
}

const day = 86_400_000;

function offsetMs(at: Instant, timeZone: string): number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch (error) {
    throw new MailspoolError('EINVALID', `${JSON.stringify(timeZone)} is not a time zone`, { field: 'sendAt.timeZone', cause: error });
  }
  const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name) ?? [];
  const size = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000;
  return sign === '-' ? -size : size;
}
