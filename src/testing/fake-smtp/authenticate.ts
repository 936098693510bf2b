// AUTH with PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER (RFC 4954): hears who the client says it is. For smtp-session.ts.
import { decoded, oauthBearer, plain, xoauth2, type Said } from '../accounts.ts';
import type { SmtpReply } from './fault.ts';

export interface Heard {
  /** Why there is nothing to judge. */
  readonly refusal?: SmtpReply;
  /** Undefined if it cannot be understood. */
  readonly said?: Said | undefined;
}

/** Who the client says it is. `challenge` sends a challenge and gives the answer. */
export async function authenticate(argument: string, challenge: (text: string) => Promise<string>): Promise<Heard> {
  const [mechanism = '', initial] = argument.split(/\s+/);
  const ask = async (text: string): Promise<string> => {
    const answer = await challenge(text);
    if (answer === '*') throw cancelled;
    return answer;
  };
  try {
    return await hear(mechanism.toUpperCase(), initial, ask);
  } catch (error) {
    if (error !== cancelled) throw error;
    return { refusal: { code: 501, enhancedCode: '5.7.0', message: 'Cancelled' } };
  }
}

const cancelled = Symbol('cancelled');

async function hear(mechanism: string, initial: string | undefined, ask: (text: string) => Promise<string>): Promise<Heard> {
  switch (mechanism) {
    case 'PLAIN':
      return { said: plain(initial ?? (await ask(''))) };
    case 'XOAUTH2':
      return { said: xoauth2(initial ?? (await ask(''))) };
    case 'OAUTHBEARER':
      return { said: oauthBearer(initial ?? (await ask(''))) };
    case 'LOGIN': {
      const user = decoded(initial ?? (await ask('VXNlcm5hbWU6')));
      return { said: { user, password: decoded(await ask('UGFzc3dvcmQ6')) } };
    }
    default:
      return { refusal: { code: 504, enhancedCode: '5.5.4', message: 'Mechanism not known' } };
  }
}
