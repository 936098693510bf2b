// Reading page by page: all messages of a search, and a change feed that goes on live. A reader keeps one page; news
// only wake it, what it sees comes from the store.
import type { Cursor, EntryId } from '../message/recipient.ts';
import type { Bell } from '../time/bell.ts';
import { over } from '../time/over.ts';
import type { Change, StoredMessage } from './message-store.ts';
import type { Page } from './operations/read.ts';

export async function* allPages(page: (after: EntryId | undefined) => Promise<Page>, after: EntryId | undefined): AsyncGenerator<StoredMessage> {
  let from = after;
  for (;;) {
    const { messages, next } = await page(from);
    yield* messages;
    if (next === undefined) return;
    from = next;
  }
}

export interface Feed {
  readonly bell: Bell;
  end(): Promise<Cursor>;
  page(after: Cursor): Promise<readonly Change[]>;
  /** Ends all readers without an error. */
  isClosed(): boolean;
}

/** What came after the cursor, then live, until the signal aborts. Without a cursor it begins where the feed ends at the call. */
export function follow(feed: Feed, after: Cursor | undefined, signal: AbortSignal): AsyncIterable<Change> {
  const start = after === undefined ? feed.end() : Promise.resolve(after);
  // Whoever iterates hears of it; nobody may.
  start.catch(() => undefined);
  return changesFrom(feed, start, signal);
}

async function* changesFrom(feed: Feed, start: Promise<Cursor>, signal: AbortSignal): AsyncGenerator<Change> {
  let cursor = await start;
  const stopped = () => signal.aborted || feed.isClosed();
  while (!stopped()) {
    const rung = feed.bell.next();
    const changes = await feed.page(cursor);
    for (const change of changes) {
      if (stopped()) return;
      yield change;
      cursor = change.cursor;
    }
    if (changes.length === 0) await rungOrAborted(rung, signal);
  }
}

async function rungOrAborted(rung: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const done = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done.signal });
  });
  await Promise.race([rung, aborted]);
  done.abort(over);
}
