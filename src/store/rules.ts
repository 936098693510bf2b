// The rules of a store by name, for whoever implements its tables: each runs inside one transaction. `volatile` ones
// write at most leases, so that they need no commit in a store with one owner; `reads` write nothing (U-013).
import { claim } from './operations/claim.ts';
import { changesPage, feedEnd } from './operations/feed.ts';
import { loseLeases, renew } from './operations/leases.ts';
import { findPage, get, lookup, queues } from './operations/read.ts';
import { headersOnly, receive, received } from './operations/receive.ts';
import { load, save } from './operations/sections.ts';
import { settle } from './operations/settle.ts';
import { submit } from './operations/submit.ts';
import { sweep } from './operations/sweep.ts';

export const rules = {
  writes: { submit, settle, receive, save, sweep },
  volatile: { claim, renew, loseLeases },
  reads: { get, findPage, lookup, queues, received, headersOnly, load, feedEnd, changesPage },
} as const;
