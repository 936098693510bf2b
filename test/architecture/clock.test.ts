// Time and chance come from src/time: whoever reads them elsewhere is refused, so that a run can be replayed.
import { describe, expect, it } from 'vitest';
import { lintPlanted } from './planted.ts';

const readings: readonly (readonly [source: string, rule: string])[] = [
  ['export const a = Date.now();', 'no-restricted-properties'],
  ['export const { now } = Date;', 'no-restricted-properties'],
  ['export const a = new Date();', 'mailspool(no-bare-date)'],
  ['export const a = Date();', 'mailspool(no-bare-date)'],
  ['setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['setInterval(() => undefined, 1);', 'no-restricted-globals'],
  ['setImmediate(() => undefined);', 'no-restricted-globals'],
  ['globalThis.setTimeout(() => undefined, 1);', 'no-restricted-properties'],
  ['export const a = performance.now();', 'no-restricted-globals'],
  ["import { performance } from 'node:perf_hooks'; performance;", 'no-restricted-imports'],
  ['export const a = process.hrtime.bigint();', 'no-restricted-properties'],
  ['export const a = AbortSignal.timeout(5);', 'no-restricted-properties'],
  ["import { setTimeout as later } from 'node:timers'; later;", 'no-restricted-imports'],
  ["import { setTimeout as later } from 'node:timers/promises'; later;", 'no-restricted-imports'],
  ["import { setTimeout as later } from 'timers/promises'; later;", 'no-restricted-imports'],
  ["export const a = () => import('node:timers/promises');", 'no-restricted-imports'],
  ['export const a = Math.random();', 'no-restricted-properties'],
  ['export const a = crypto.randomUUID();', 'no-restricted-globals'],
  ["import { randomUUID } from 'node:crypto'; randomUUID;", 'no-restricted-imports'],
  ["import { randomBytes } from 'node:crypto'; randomBytes;", 'no-restricted-imports'],
  ["import { randomInt as dice } from 'node:crypto'; dice;", 'no-restricted-imports'],
  ["import crypto from 'node:crypto'; crypto;", 'no-restricted-imports'],
  ["import * as crypto from 'node:crypto'; crypto;", 'no-restricted-imports'],
  ["import { randomBytes } from 'crypto'; randomBytes;", 'no-restricted-imports'],
];

const computing = "import { createHash } from 'node:crypto'; export const a = [createHash, new Date(0).toISOString(), Date.parse('1970-01-01')];";

describe('time and chance', () => {
  const lintIn = (path: string) => lintPlanted([...readings.map(([source]) => ({ path, source })), { path, source: computing }]);
  const engine = lintIn('src/spooler/planted.ts');
  const provider = lintIn('providers/smtp/planted.ts');
  const time = lintIn('src/time/planted.ts');

  it.each(readings.map(([source, rule], index) => ({ source, rule, index })))('$source is refused in src and providers', ({ rule, index }) => {
    expect(engine[index]).toContain(rule);
    expect(provider[index]).toContain(rule);
  });

  it.each(readings.map(([source, rule], index) => ({ source, rule, index })))('$source is permitted in src/time', ({ rule, index }) => {
    expect(time[index]).not.toContain(rule);
  });

  it('what only computes is permitted', () => {
    expect(engine.at(-1)).not.toMatch(/restricted|bare-date/);
    expect(provider.at(-1)).not.toMatch(/restricted|bare-date/);
  });
});
