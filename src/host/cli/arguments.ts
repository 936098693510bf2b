// Reads the values of flags: durations, times, numbers, states. A mistake names the flag.
import { InvalidArgumentError } from 'commander';
import type { StateName } from '../../message/recipient.ts';
import type { DeferredSendUnit, SendAt } from '../../message/submit-message.ts';
import { stateNames } from '../../message/transitions.ts';
import { didYouMean } from '../did-you-mean.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `10min`, `1h30min`, `2d`, in ms. */
export function durationArgument(text: string): number {
  const parts = [...text.matchAll(/\s*(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])/gy)];
  const read = parts.reduce((length, [whole]) => length + whole.length, 0);
  if (parts.length === 0 || read !== text.trimEnd().length) throw new InvalidArgumentError('Write a duration such as 90s, 10min, 1h30min or 2d.');
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
}

const units: readonly (readonly [RegExp, DeferredSendUnit])[] = [
  [/^(?:m|min|minutes?)$/, 'minute'],
  [/^(?:h|hours?)$/, 'hour'],
  [/^(?:d|days?)$/, 'day'],
  [/^(?:w|weeks?)$/, 'week'],
];

/** How long after the submission: a number of units as MAPI has it, `2 weeks` or `10min` (M-036), else any duration. */
export function delayArgument(text: string): Exclude<SendAt, number | Date> {
  const [, number, name = ''] = /^\s*(\d{1,3})\s*([a-z]+)\s*$/.exec(text) ?? [];
  const unit = units.find(([pattern]) => pattern.test(name))?.[1];
  return number !== undefined && unit ? { number: Number(number), unit } : { afterMs: durationArgument(text) };
}

/** ISO 8601; without a zone it is local time. */
export function timeArgument(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('Write a time such as 2026-03-01T08:00 (local time) or 2026-03-01T08:00:00Z.');
  }
  return time;
}

export const priorityArgument = (text: string): number => {
  const named: Readonly<Record<string, number>> = { urgent: 4, high: 4, normal: 0, low: -4 };
  const value = named[text] ?? wholeNumber(text);
  if (value === undefined || value < -9 || value > 9) throw new InvalidArgumentError('Write a whole number from -9 to 9, or high, normal, low.');
  return value;
};

export const countArgument = (text: string): number => {
  const value = wholeNumber(text);
  if (value === undefined || value < 0) throw new InvalidArgumentError('Write a whole number.');
  return value;
};

export const portArgument = (text: string): number => {
  const value = wholeNumber(text);
  if (value === undefined || value < 0 || value > 65_535) throw new InvalidArgumentError('Write a port from 0 to 65535; 0 takes a free one.');
  return value;
};

/** For flags that may be repeated, or hold a list with commas. */
export function stateArgument(text: string, before: readonly StateName[] = []): StateName[] {
  const states = text.split(',').map((state) => state.trim());
  const wrong = states.find((state) => !(stateNames as readonly string[]).includes(state));
  if (wrong !== undefined) {
    const meant = didYouMean(wrong, stateNames);
    throw new InvalidArgumentError(meant === undefined ? `States are ${stateNames.join(', ')}.` : `Did you mean ${meant}?`);
  }
  return [...before, ...(states as StateName[])];
}

/** For flags that may be repeated, or hold a list with commas. */
export const listArgument = (text: string, before: readonly string[] = []): string[] => [...before, ...text.split(',').map((each) => each.trim())];

export const repeated = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function userArgument(text: string, before: readonly { user: string; pass: string }[] = []): { user: string; pass: string }[] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('Write name:password.');
  return [...before, { user: text.slice(0, colon), pass: text.slice(colon + 1) }];
}

const wholeNumber = (text: string): number | undefined => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined);
