// The suite catches each wrong store at the case that it was built for. memoryStore, before which they stand, passes.
import { describe, expect, it } from 'vitest';
import { checkMessageStore } from 'mailspool/testing';
import { memoryStoreCapabilities } from '../contract/memory-store-under-test.ts';
import { caughtBy, reasons } from './caught.ts';
import { forgetfulStores } from './forgetful-stores.ts';
import { wrongStoreFactory, wrongStores } from './wrong-stores.ts';

/** Cases with thousands of messages are run for those only that are to fail them. */
const many = /thousand messages|many messages|of a burst|bounded piece|several megabytes|seed [2-6]/;

describe('a store that', () => {
  for (const [name, wrong] of Object.entries({ ...wrongStores, ...forgetfulStores })) {
    it(`${name}: fails ${wrong.caughtBy.join(', ')}, and nothing else`, async () => {
      const only = (title: string): boolean => !many.test(title) || wrong.caughtBy.some((beginning) => title.startsWith(beginning));
      const report = await checkMessageStore(wrongStoreFactory(wrong), memoryStoreCapabilities, { name, patienceMs: 2_000, only });
      expect(caughtBy(report, wrong.caughtBy), reasons(report)).toEqual([...wrong.caughtBy].sort());
    });
  }
});
