// memoryStore keeps what every message store promises.
import { describe, it } from 'vitest';
import { describeMessageStore, type StoreCapabilities } from 'mailspool/testing';
import { memoryStoreUnderTest } from './memory-store-under-test.ts';

const capabilities: StoreCapabilities = {
  share: true,
  reopen: true,
  crash: true,
  holdSync: true,
  failWrites: true,
  damage: true,
  scheduled: true,
  sweep: true,
};

describeMessageStore(memoryStoreUnderTest, capabilities, { name: 'memoryStore', runner: { describe, it } });
