// The status table: one row per session, one for the spooler (M-095). Built when asked; changes are announced merged.
import type { SessionKey } from '../message/recipient.ts';
import type { StatusFlag } from '../provider/status.ts';
import type { Queue } from '../store/message-store.ts';
import type { StatusObject, StatusRow } from './contract.ts';
import { isRemote, type Session } from './session.ts';

type Flags = { [flag in StatusFlag]?: boolean };

/** `queued`: entries by session; `waiting`: what has no route yet. */
export function statusRows(
  sessions: readonly Session[],
  queues: readonly { queue: Queue; entries: number }[],
  spooler: { text: string; flags: Flags },
): StatusRow[] {
  const count = (matches: (queue: Queue) => boolean) => queues.filter(({ queue }) => matches(queue)).reduce((sum, { entries }) => sum + entries, 0);
  const own: StatusRow = {
    id: 'spooler',
    displayName: 'mailspool',
    statusText: spooler.text,
    gate: null,
    progress: null,
    remoteValidateOk: true,
    flags: spooler.flags,
    methods: ['validateState', 'flush'],
    queued: count((queue) => queue === 'intake'),
  };
  return [
    own,
    ...sessions.flatMap((session) => [
      sessionRow(
        session,
        count((queue) => typeof queue === 'object' && 'session' in queue && queue.session === session.key),
        spooler.flags.offline === true && !session.onlineForNow,
      ),
      ...furtherRows(session),
    ]),
  ];
}

/** While the spooler works offline the row says so, whatever the provider said last. */
function sessionRow(session: Session, queued: number, isOffline: boolean): StatusRow {
  const { transport, columns, failure } = session;
  const flags: Flags = {
    available: transport !== undefined,
    failure: failure !== undefined,
    inboundEnabled: session.inboundOn,
    outboundEnabled: session.outboundOn,
    ...(transport?.remoteAccess && { remoteAccess: true }),
    ...columns.flags,
    ...(isOffline && { offline: true }),
  };
  // Listing and processing headers is the spooler's part (M-110).
  const can = (method: keyof StatusObject): boolean => transport?.[method] !== undefined || (method === 'validateState' && isRemote(session));

  const methods = (['validateState', 'flush', 'changePassword'] as const).filter(can);
  const remoteValidateOk = columns.remoteValidateOk && session.remote === undefined;
  return {
    ...columns,
    remoteValidateOk,
    id: session.key,
    statusText: isOffline ? 'offline' : columns.statusText || textOf(session),
    gate: isOffline ? { reason: 'offline' } : session.gate,
    flags,
    methods,
    queued,
  };
}

/** A session's further rows have no objects and no queue behind them. */
const furtherRows = ({ key, rows }: Session): StatusRow[] =>
  [...rows].map(([name, columns]) => ({ ...columns, id: `${key}/${name}` as SessionKey, methods: [], queued: 0 }));

function textOf({ transport, failure, gate, suspended }: Session): string {
  if (suspended) return 'suspended';
  if (gate) return gate.reason;
  if (failure) return failure.message;
  return transport ? 'logged on' : 'logging on';
}
