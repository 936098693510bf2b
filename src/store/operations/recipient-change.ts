// What a settlement does to the rows: each change is permitted by the state table or leaves its row as it is, so that
// a final word counts once (M-064).
import { MailspoolError } from '../../errors.ts';
import type { RecipientRow, StateName } from '../../message/recipient.ts';
import { isPermitted } from '../../message/transitions.ts';
import type { RecipientChange } from '../message-store.ts';
import { isSentTo } from '../schedule.ts';
import { type Guard, isOthers, stateOf } from './guard.ts';
import { shownRow } from './overlay.ts';

export interface ChangedRows {
  readonly rows: readonly RecipientRow[];
  readonly changed: readonly number[];
  /** As they are shown. */
  readonly unchanged: readonly RecipientRow[];
  /** The state of these is now what is stored: no lease covers them any more. */
  readonly restated: ReadonlySet<number>;
  /** Some recipient was cancelled or held. */
  readonly isStopped: boolean;
}

export function changeRows(guard: Guard, rows: readonly RecipientRow[], changes: readonly RecipientChange[]): ChangedRows {
  const draft: Draft = { guard, rows: new Map(rows.map((row) => [row.id, { before: row, now: row, state: stateOf(guard, row) }])) };
  for (const change of changes) for (const row of targets(draft, change)) apply(guard, row, change);
  const all = [...draft.rows.values()];
  const refused = all.filter((row) => row.isRefused && !row.isChanged);
  return {
    rows: all.map((row) => row.now),
    changed: all.filter((row) => row.isChanged).map((row) => row.before.id),
    unchanged: refused.map(({ before }) => shownRow(before, guard.covered.get(before.id))),
    restated: new Set(all.filter((row) => row.isRestated).map((row) => row.before.id)),
    isStopped: all.some((row) => row.isRestated && (row.state === 'cancelled' || row.state === 'held')),
  };
}

interface Draft {
  readonly guard: Guard;
  readonly rows: ReadonlyMap<number, DraftRow>;
}

interface DraftRow {
  readonly before: RecipientRow;
  now: RecipientRow;
  /** As shown, after the changes so far. */
  state: StateName;
  isChanged?: true;
  isRestated?: true;
  isRefused?: true;
}

/** `all`: what the lease covers, or everybody the message is sent to. */
function targets({ guard: { lease }, rows }: Draft, { recipient }: RecipientChange): DraftRow[] {
  const some = (ids: readonly number[]) => ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  if (recipient !== 'all') return some([recipient]);
  if (lease && !lease.queue.startsWith('@')) return some(lease.covers);
  return [...rows.values()].filter((row) => isSentTo(row.before));
}

function apply(guard: Guard, row: DraftRow, change: RecipientChange): void {
  if (!mayChange(guard, row, change)) {
    row.isRefused = true;
    return;
  }
  row.now = changedRow(row.now, change);
  row.isChanged = true;
  if (!change.status) return;
  row.state = change.status.state;
  if (row.state !== 'claimed') row.isRestated = true;
}

function mayChange(guard: Guard, { before, now, state }: DraftRow, { status, readAt, notReadAt }: RecipientChange): boolean {
  if (guard.from && !guard.from.has(stateOf(guard, before))) return false;
  if (isOthers(guard, before)) return false;
  if (status?.state === 'claimed' && !status.handingOver) throw unstorable(before.id);
  if (status && !isPermitted(state, status.state)) return false;
  if (notReadAt !== undefined && (now.notReadAt ?? now.readAt) !== undefined) return false;
  return readAt === undefined || now.readAt === undefined;
}

const unstorable = (recipient: number): MailspoolError =>
  new MailspoolError('EINVALID', `recipient ${recipient}: a claim is not a status to settle, except a hand-over that is written down`, {
    field: 'status',
  });

function changedRow(row: RecipientRow, change: RecipientChange): RecipientRow {
  const { route: oldRoute, ...unrouted } = row;
  const { status, last, readAt, notReadAt, countAttempt, passed, remoteId, route = oldRoute } = change;
  return {
    ...unrouted,
    ...(route && { route }),
    ...(status && { status }),
    ...(countAttempt && { attempts: row.attempts + 1 }),
    ...(last && { last }),
    ...(readAt !== undefined && { readAt }),
    ...(notReadAt !== undefined && { notReadAt }),
    ...(passed !== undefined && { passed: passed === null ? [] : appended(row.passed, passed) }),
    ...(remoteId !== undefined && { remoteIds: appended(row.remoteIds, remoteId) }),
  };
}

const appended = <Item>(items: readonly Item[] = [], item: Item): readonly Item[] => (items.includes(item) ? items : [...items, item]);
