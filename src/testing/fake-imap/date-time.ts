// Dates as IMAP writes them (RFC 9051 section 9: date-time, date). Pure.
import type { Instant } from '../../time/clock.ts';

const months: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dateTime = /^([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const date = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;
const messageDate = /(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})/;

/** `17-Jul-1996 02:44:25 -0700`; undefined if it is none. */
export function parseDateTime(text: string): Instant | undefined {
  const [, day, month = '', year, hour, minute, second, sign, zoneHour, zoneMinute] = dateTime.exec(text) ?? [];
  if (day === undefined || !months.includes(month)) return undefined;
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  return Date.UTC(Number(year), months.indexOf(month), Number(day), Number(hour), Number(minute) - zone, Number(second));
}

export function formatDateTime(at: Instant): string {
  const iso = new Date(at).toISOString();
  const month = months[Number(iso.slice(5, 7)) - 1] ?? '';
  return `${iso.slice(8, 10)}-${month}-${iso.slice(0, 4)} ${iso.slice(11, 19)} +0000`;
}

/** A day as `1996-07-17`, which compares as text. */
export type Day = string;

export const dayOf = (at: Instant): Day => new Date(at).toISOString().slice(0, 10);

/** `1-Feb-1994`; undefined if it is none. */
export const parseDay = (text: string): Day | undefined => day(date.exec(text));

/** The day of a Date field in the zone that it names; undefined if there is none. */
export const parseMessageDay = (text: string): Day | undefined => day(messageDate.exec(text));

function day(match: RegExpExecArray | null): Day | undefined {
  const [, dayOfMonth = '', name = '', year = ''] = match ?? [];
  const month = months.findIndex((each) => each.toLowerCase() === name.toLowerCase()) + 1;
  return month === 0 ? undefined : `${year}-${String(month).padStart(2, '0')}-${dayOfMonth.padStart(2, '0')}`;
}
