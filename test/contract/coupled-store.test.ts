// A store that is coupled with a transport keeps what every message store promises, for all that it does not carry.
import { describe, it } from 'vitest';
import { describeMessageStore } from 'mailspool/testing';
import { postOffice } from '../unit/spooler/post-office.ts';
import { memoryStoreCapabilities, underTest } from './memory-store-under-test.ts';

const coupled = underTest((store) => postOffice(store).store);

describeMessageStore(coupled, memoryStoreCapabilities, { name: 'a coupled store', runner: { describe, it } });
