// The accounts with their sessions, as whoever sets up a profile wants to see them: order, address types, status.
import type { AccountRow, AccountSession, StatusRow } from './contract.ts';
import type { Session } from './session.ts';

/** `ordered`: in transport order. Accounts stand in the order of their first session; sessions without an account come as one, named null. */
export function accountRows(ordered: readonly Session[], status: readonly StatusRow[]): AccountRow[] {
  const accounts = [...new Set(ordered.map(({ account }) => account.scope))];
  return accounts.map((scope) => {
    const own = ordered.filter(({ account }) => account.scope === scope);
    const { identities = [], options } = own[0]?.account ?? {};
    const sessions = own.map((session) => sessionOf(session, ordered.indexOf(session) + 1, status));
    return { name: scope ?? null, identities, ...(options?.connections !== undefined && { connections: options.connections }), sessions };
  });
}

function sessionOf({ key, provider, types }: Session, place: number, status: readonly StatusRow[]): AccountSession {
  const row = status.find(({ id }) => id === key);
  return { session: key, provider: provider.name, place, ...(types && { addressTypes: types.types }), ...(row && { status: row }) };
}
