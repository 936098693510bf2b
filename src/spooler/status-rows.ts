// The rows of the status table: mailspool itself, the spooler, the address book, and at least one for each session (M-095).
import type { SessionKey } from '../message/recipient.ts';
import type { StatusFlag } from '../provider/status.ts';
import type { Queue } from '../store/message-store.ts';
import type { StatusObject, StatusRow } from './contract.ts';
import { blankColumns, isRemote, type Session } from './session.ts';

type Flags = { [flag in StatusFlag]?: boolean };

export interface Own {
  readonly spooler: { readonly text: string; readonly flags: Flags };
  readonly version: string;
  /** What the store answers to a question; an error where it does not. */
  readonly store: { readonly durable: boolean; readonly shared: boolean } | Error;
  readonly hasAddressBook: boolean;
}

/** `queues`: how much waits where; empty where the store does not answer. */
export function statusRows(sessions: readonly Session[], queues: readonly { queue: Queue; entries: number }[], own: Own): StatusRow[] {
  const count = (matches: (queue: Queue) => boolean) => queues.filter(({ queue }) => matches(queue)).reduce((sum, { entries }) => sum + entries, 0);
  return [
    subsystemRow(own),
    spoolerRow(
      own,
      count((queue) => queue === 'intake'),
    ),
    addressBookRow(own),
    ...sessions.flatMap((session) => [
      sessionRow(
        session,
        count((queue) => typeof queue === 'object' && 'session' in queue && queue.session === session.key),
        own.spooler.flags.offline === true && !session.onlineForNow,
      ),
      ...furtherRows(session),
    ]),
  ];
}

/** mailspool itself. */
function subsystemRow({ version, store }: Own): StatusRow {
  const isOut = store instanceof Error;
  return {
    ...blankColumns('mailspool'),
    id: 'subsystem',
    statusText: `version ${version}, ${storeText(store)}`,
    flags: { available: !isOut, failure: isOut },
    methods: ['validateState'],
    queued: 0,
  };
}

/** `queued`: what has no route yet. */
const spoolerRow = ({ spooler: { text, flags } }: Own, queued: number): StatusRow => ({
  ...blankColumns('spooler'),
  id: 'spooler',
  statusText: text,
  flags,
  methods: ['validateState', 'flush'],
  queued,
});

/** What lists of recipients become is the program's; there is nothing to ask of it here. */
const addressBookRow = ({ hasAddressBook }: Own): StatusRow => ({
  ...blankColumns('address book'),
  id: 'addressBook',
  statusText: hasAddressBook ? 'lists become their members' : 'none: recipients are named by their addresses',
  flags: { available: hasAddressBook },
  methods: [],
  queued: 0,
});

function storeText(store: Own['store']): string {
  if (store instanceof Error) return `the store does not answer: ${store.message}`;
  return ['store open', store.durable ? 'durable' : 'in memory', ...(store.shared ? ['shared'] : [])].join(', ');
}

/** While the spooler works offline, or the session is suspended, the row says so, whatever the provider said last. */
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
    gate: isOffline ? { reason: 'offline' } : session.suspended ? { reason: 'suspended' } : session.gate,
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
