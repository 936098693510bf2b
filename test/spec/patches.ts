// Patches that each remove one numbered behaviour: the tests of its number must fail (`npm run spec -- --mutate`). A
// patch is small, leaves a program that works otherwise, and is applied to a copy only.
import type { Patch } from '../patched-copy.ts';
import { coverage, type TestTitle, testTitles } from './behaviours.ts';
import { addressTypes } from './patches/address-types.ts';
import type { Removal } from './patches/removal.ts';

export const removals: readonly Removal[] = [...addressTypes];

export const asPatch = ({ number, why, file, find, replace }: Removal): Patch => ({ name: `${number}, ${why}`, file, replace: [[find, replace]] });

/** Which files the tests of each number are in, those that are quickest to run first. */
export function filesByNumber(system: string): ReadonlyMap<string, readonly (readonly string[])[]> {
  return new Map(coverage(system, testTitles()).map(({ number, tests }) => [number, stages(tests)]));
}

/** The engine's and the message's own tests; then the suites, through tests that host them, and the providers. Servers of others are left out. */
function stages(tests: readonly TestTitle[]): string[][] {
  const files = [...new Set(tests.flatMap(({ file }) => hosts(file)))];
  const isUnit = (file: string) => file.startsWith('test/unit/');
  return [files.filter(isUnit), files.filter((file) => !isUnit(file))].filter((stage) => stage.length > 0);
}

function hosts(file: string): readonly string[] {
  if (file.startsWith('src/testing/store-suite/')) return ['test/contract/memory-store.test.ts'];
  if (file.startsWith('src/testing/provider-suite/')) return ['loopback', 'template'].map((name) => `test/providers/${name}/conformance.test.ts`);
  return /^test\/(unit|providers)\/.*\.test\.ts$/.test(file) ? [file] : [];
}
