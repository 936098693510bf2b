// LOGIN and AUTHENTICATE (RFC 9051 sections 6.2.2 and 6.2.3, RFC 4959 for the initial response).
import { bearerRefusal, oauthBearer, plain, xoauth2, type Said } from '../accounts.ts';
import type { Completion } from './carry-out.ts';
import type { ImapCommand } from './command.ts';
import type { ImapSession } from './session.ts';

type Logon = Extract<ImapCommand, { readonly name: 'LOGIN' | 'AUTHENTICATE' }>;

export async function logon(session: ImapSession, command: Logon, line: string, tag: string): Promise<Completion> {
  const said = command.name === 'LOGIN' ? command : await authenticate(session, command.mechanism, command.initial);
  if (typeof said === 'string') return said;
  if (await session.wrongAtLogon(said?.user, line, tag)) return undefined;
  session.user = session.host.mailboxes.accounts.admit(said);
  if (session.user !== undefined) return `OK [${session.capability}] Logged on`;
  if (command.name === 'AUTHENTICATE' && command.mechanism !== 'PLAIN') await session.continuation(bearerRefusal);
  return 'NO [AUTHENTICATIONFAILED] Authentication failed';
}

async function authenticate(session: ImapSession, mechanism: string, initial: string | undefined): Promise<Said | undefined | string> {
  const read = mechanisms.get(mechanism);
  if (!read || !session.offers(`AUTH=${mechanism as Mechanism}`)) return 'NO Mechanism not known';
  const response = initial ?? (await session.continuation(''));
  if (response === '*') return 'BAD Cancelled';
  return read(response);
}

type Mechanism = 'PLAIN' | 'XOAUTH2' | 'OAUTHBEARER';

const mechanisms: ReadonlyMap<string, (response: string) => Said | undefined> = new Map([
  ['PLAIN', plain],
  ['XOAUTH2', xoauth2],
  ['OAUTHBEARER', oauthBearer],
] satisfies [Mechanism, unknown][]);
