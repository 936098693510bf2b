// Which session gets a recipient (pure). All UIDs over all sessions in order come first, then types in order, then
// whoever takes anything (M-016, M-019).
import type { AddressTypes, Recipient, SessionKey } from '../message/recipient.ts';

/** What routing knows of a session, in transport order. */
export interface RoutingSession {
  readonly key: SessionKey;
  readonly types: readonly string[] | null;
  readonly uids: readonly string[];
  readonly account?: string;
  readonly messageSizeBytes?: number | ((recipient: Recipient) => number);
}

export interface RoutedMessage {
  readonly sizeBytes: number;
  /** Offered only to sessions of this account and to sessions without one. */
  readonly account?: string;
}

export function normalAddressTypes(declared: AddressTypes): { types: readonly string[] | null; uids: readonly string[] } {
  const { types, uids } = declared === null || isList(declared) ? { types: declared, uids: [] } : declared;
  return { types: types?.map((type) => type.toUpperCase()) ?? null, uids };
}

/** Keys of all sessions that match, best first, without those that had their chance (M-017). */
export function matchingSessions(
  recipient: Recipient & { readonly passed?: readonly SessionKey[] },
  message: RoutedMessage,
  sessions: readonly RoutingSession[],
): SessionKey[] {
  const open = sessions.filter(({ account }) => account === undefined || message.account === undefined || account === message.account);
  const type = recipient.type.toUpperCase();
  const { uid } = recipient;
  const ordered = [
    ...open.filter(({ uids }) => uid !== undefined && uids.includes(uid)),
    ...open.filter(({ types }) => types?.includes(type)),
    ...open.filter(({ types }) => types === null),
  ];
  const keys = ordered.filter((session) => fits(recipient, message, session)).map(({ key }) => key);
  return [...new Set(keys)].filter((key) => !recipient.passed?.includes(key));
}

function fits(recipient: Recipient, { sizeBytes }: RoutedMessage, { messageSizeBytes }: RoutingSession): boolean {
  const limit = typeof messageSizeBytes === 'function' ? messageSizeBytes(recipient) : messageSizeBytes;
  return limit === undefined || sizeBytes <= limit;
}

const isList = (declared: Exclude<AddressTypes, null>): declared is readonly string[] => Array.isArray(declared);

/** Default order: order of addition, `preferLast` at the end (M-020); a stored order overrides it. */
export function transportOrder<T extends { readonly key: SessionKey; readonly preferLast: boolean }>(
  sessions: readonly T[],
  explicit?: readonly SessionKey[],
): T[] {
  if (explicit) {
    const place = (key: SessionKey) => (explicit.includes(key) ? explicit.indexOf(key) : explicit.length);
    return sessions.toSorted((a, b) => place(a.key) - place(b.key));
  }
  return [...sessions.filter(({ preferLast }) => !preferLast), ...sessions.filter(({ preferLast }) => preferLast)];
}
