// When a message is to leave, as a person says it.
import type { SendAt } from 'mailspool';

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `90s`, `10m`, `2h`, `1d`; `17:30`, the next one; `2026-03-29T08:00`. A time of day is kept with its zone, so that it
 * stays what was meant when the zone's rules change. @throws Error for anything else
 */
export function when(text: string, now: Date = new Date()): SendAt {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return { afterMs: Number(count) * (unitsMs[unit] ?? 0) };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return { local: text, timeZone };
  const [, hour, minute] = /^(\d\d?):(\d\d)$/.exec(text) ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59) throw new Error(`${text} is no time such as 10m, 17:30 or 2026-03-29T08:00`);
  const next = new Date(now);
  next.setHours(Number(hour), Number(minute), 0, 0);
  if (next <= now) next.setDate(next.getDate() + 1);
  return { local: `${localDate(next)}T${hour.padStart(2, '0')}:${minute}`, timeZone };
}

const localDate = (at: Date): string => [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');

/** `in 8 s`, `in 12 min`, or the day and time. */
export function until(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / 1_000);
  if (seconds <= 0) return 'now';
  if (seconds < 120) return `in ${seconds} s`;
  if (seconds < 7_200) return `in ${Math.round(seconds / 60)} min`;
  return `at ${new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}`;
}
