// Durations as people write them in tests: '36h', '1h30m', '250ms'.
import { MailspoolError } from '../errors.ts';

/** Milliseconds, or amounts with units: `ms`, `s`, `m`, `h`, `d`, as in `'36h'` or `'1h30m'`. */
export type Duration = number | string;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const whole = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const part = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/**
 * A duration in milliseconds.
 * @throws EINVALID if it is not one
 */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number' && !Number.isNaN(duration)) return duration;
  const text = String(duration).replaceAll(' ', '');
  if (!whole.test(text))
    throw new MailspoolError('EINVALID', `not a duration: ${JSON.stringify(duration)}; write a number of ms, or '36h', '1h30m'`, {
      field: 'duration',
    });
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(part)) ms += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return ms;
}
