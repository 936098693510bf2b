// Each case of the suites says by number which behaviour it shows, and each number stands in the pages of the behaviours.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkMessageStore, checkTransportProvider } from 'mailspool/testing';
import { memoryStoreUnderTest } from '../contract/memory-store-under-test.ts';
import { modelFactory } from './model-provider.ts';

const pages = resolve(import.meta.dirname, '../../docs/reference/behaviours');
const behaviours = new Set(
  readdirSync(pages).flatMap((name) => [...readFileSync(join(pages, name), 'utf8').matchAll(/\b[MTUX]-\d{3}\b/g)].map(([number]) => number)),
);

const none = { only: () => false };

test('every case of the suites begins with the numbers of the behaviours that it shows', async () => {
  const reports = [await checkTransportProvider(modelFactory(), {}, none), await checkMessageStore(memoryStoreUnderTest, {}, none)];
  const titles = reports.flatMap(({ cases }) => cases.map(({ title }) => title));
  expect(titles.length).toBeGreaterThan(200);
  expect(new Set(titles).size).toBe(titles.length);
  expect(titles.filter((title) => !/^[MTUX]-\d{3} /.test(title))).toEqual([]);
  const numbers = titles.flatMap((title) => [...title.matchAll(/\b[MTUX]-\d{3}\b/g)].map(([number]) => number));
  expect(numbers.filter((number) => !behaviours.has(number))).toEqual([]);
});
