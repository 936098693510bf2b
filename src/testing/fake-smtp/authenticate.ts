// AUTH with PLAIN, LOGIN and XOAUTH2 (RFC 4954). For smtp-session.ts.
import { bearerRefusal, decoded, plain, xoauth2, type Accounts, type Said } from '../accounts.ts';
import type { SmtpReply } from './fault.ts';

/** Who the client is, or the refusal. `challenge` sends a challenge and gives the answer. */
export async function authenticate(
  argument: string,
  accounts: Accounts,
  challenge: (text: string) => Promise<string>,
): Promise<{ readonly user: string } | SmtpReply> {
  const [mechanism = '', initial] = argument.split(/\s+/);
  const ask = async (text: string): Promise<string> => {
    const answer = await challenge(text);
    if (answer === '*') throw cancelled;
    return answer;
  };
  try {
    const said = await hear(mechanism.toUpperCase(), initial, ask);
    if (said === 'unknown') return { code: 504, enhancedCode: '5.5.4', message: 'Mechanism not known' };
    const user = accounts.admit(said);
    if (user !== undefined) return { user };
    if (mechanism.toUpperCase() === 'XOAUTH2') await ask(bearerRefusal);
    return { code: 535, enhancedCode: '5.7.8', message: 'Authentication failed' };
  } catch (error) {
    if (error !== cancelled) throw error;
    return { code: 501, enhancedCode: '5.7.0', message: 'Cancelled' };
  }
}

const cancelled = Symbol('cancelled');

async function hear(mechanism: string, initial: string | undefined, ask: (text: string) => Promise<string>): Promise<Said | undefined | 'unknown'> {
  switch (mechanism) {
    case 'PLAIN':
      return plain(initial ?? (await ask('')));
    case 'XOAUTH2':
      return xoauth2(initial ?? (await ask('')));
    case 'LOGIN': {
      const user = decoded(initial ?? (await ask('VXNlcm5hbWU6')));
      return { user, password: decoded(await ask('UGFzc3dvcmQ6')) };
    }
    default:
      return 'unknown';
  }
}
