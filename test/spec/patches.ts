// Patches that each remove one numbered behaviour: the tests of its number must fail (`npm run spec -- --mutate`). A
// patch is small, leaves a program that works otherwise, and is applied to a copy only.
import type { Patch } from '../patched-copy.ts';
import { carries, type TestTitle, testTitles } from './behaviours.ts';
import { addressTypes } from './patches/address-types.ts';
import { cancel } from './patches/cancel.ts';
import { coupled } from './patches/coupled.ts';
import { events } from './patches/events.ts';
import { handOver } from './patches/hand-over.ts';
import { hooks } from './patches/hooks.ts';
import { inbound } from './patches/inbound.ts';
import { logoff } from './patches/logoff.ts';
import { logon } from './patches/logon.ts';
import { mailslots } from './patches/mailslots.ts';
import { outbound } from './patches/outbound.ts';
import { preprocessing } from './patches/preprocessing.ts';
import type { Removal } from './patches/removal.ts';
import { reports } from './patches/reports.ts';
import { status } from './patches/status.ts';
import { submission } from './patches/submission.ts';

export const removals: readonly Removal[] = [
  ...logon,
  ...addressTypes,
  ...submission,
  ...outbound,
  ...preprocessing,
  ...handOver,
  ...reports,
  ...cancel,
  ...inbound,
  ...events,
  ...status,
  ...hooks,
  ...logoff,
  ...coupled,
  ...mailslots,
];

export const asPatch = ({ number, why, file, find, replace }: Removal): Patch => ({ name: `${number}, ${why}`, file, replace: [[find, replace]] });

/** The files with tests of the removed behaviour that can run here: those next to the patched code first. Tests with servers of others are left out. */
export function filesFor({ number, file: patched }: Removal, titles: readonly TestTitle[] = testTitles()): string[] {
  const files = new Set(titles.filter(({ title }) => carries(title, number)).flatMap(({ file }) => hosts(file)));
  return [...files].sort((a, b) => distance(a, patched) - distance(b, patched) || a.localeCompare(b));
}

/** The cases of the suites run through tests that host them. */
function hosts(file: string): readonly string[] {
  if (file.startsWith('src/testing/store-suite/')) return ['test/contract/memory-store.test.ts'];
  if (file.startsWith('src/testing/provider-suite/')) return ['loopback', 'template'].map((name) => `test/providers/${name}/conformance.test.ts`);
  return /^test\/(unit|providers)\/.*\.test\.ts$/.test(file) ? [file] : [];
}

/** Tests of the same room, then those that are quick. */
function distance(test: string, patched: string): number {
  const [, room = ''] = patched.split('/');
  const place = room === 'store' ? 'contract' : room;
  if (test.split('/').includes(place)) return 0;
  return test.startsWith('test/providers/') ? 2 : 1;
}
