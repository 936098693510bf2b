// memoryStore keeps what every message store promises.
import { describe, it } from 'vitest';
import { describeMessageStore } from 'mailspool/testing';
import { memoryStoreCapabilities, memoryStoreUnderTest } from './memory-store-under-test.ts';

describeMessageStore(memoryStoreUnderTest, memoryStoreCapabilities, { name: 'memoryStore', runner: { describe, it } });
