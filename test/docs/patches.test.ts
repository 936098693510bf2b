// The patches that take behaviours out (`npm run spec -- --mutate`) fit the sources, and there are enough of them.
import { expect, test } from 'vitest';
import { patchedSource } from '../patched-copy.ts';
import { behavioursOf } from '../spec/behaviours.ts';
import { asPatch, filesByNumber, removals } from '../spec/patches.ts';

const behaviours = behavioursOf('mapi');

test.each(removals)('the patch for $number fits: $why', async (removal) => {
  const patched = await patchedSource(asPatch(removal));
  expect(removal.find).not.toBe(removal.replace);
  expect(patched).toContain(removal.replace);
  expect(behaviours.map(({ number }) => number)).toContain(removal.number);
  expect(filesByNumber('mapi').get(removal.number)?.length).toBeGreaterThan(0);
});
