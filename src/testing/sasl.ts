// What a client says in a SASL exchange (RFC 4422), whatever the protocol around it: PLAIN (RFC 4616), LOGIN, CRAM-MD5
// (RFC 2195), XOAUTH2, OAUTHBEARER (RFC 7628). For the fakes' logons, which judge it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { assertNever } from '../errors.ts';
import { decoded, oauthBearer, plain, xoauth2, type Said } from './accounts.ts';

export const saslMechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2', 'OAUTHBEARER'] as const;

export type SaslMechanism = (typeof saslMechanisms)[number];

/** The mechanism of that name, in any case of letters, if it is one of those. */
export const mechanismOf = (name: string, offered: readonly SaslMechanism[]): SaslMechanism | undefined =>
  offered.find((each) => each === name.toUpperCase());

/** `said` is undefined if it cannot be understood. */
export type Exchange = { readonly said: Said | undefined } | 'cancelled';

export interface Asking {
  /** Sends a challenge, which is base64, and gives the answer. */
  challenge(text: string): Promise<string>;
  /** Something that no other exchange has, `<…@…>`. */
  readonly stamp: string;
}

/** Lets the client say who it is; `initial` is what came with the command. */
export async function exchange(mechanism: SaslMechanism, initial: string | undefined, { challenge, stamp }: Asking): Promise<Exchange> {
  const ask = async (text: string): Promise<string> => {
    const answer = await challenge(Buffer.from(text).toString('base64'));
    if (answer === '*') throw cancelled;
    return answer;
  };
  try {
    switch (mechanism) {
      case 'PLAIN':
        return { said: plain(initial ?? (await ask(''))) };
      case 'XOAUTH2':
        return { said: xoauth2(initial ?? (await ask(''))) };
      case 'OAUTHBEARER':
        return { said: oauthBearer(initial ?? (await ask(''))) };
      case 'CRAM-MD5':
        return { said: cramMd5(stamp, await ask(stamp)) };
      case 'LOGIN': {
        const user = decoded(initial ?? (await ask('Username:')));
        return { said: { user, password: decoded(await ask('Password:')) } };
      }
      default:
        return assertNever(mechanism);
    }
  } catch (error) {
    if (error === cancelled) return 'cancelled';
    throw error;
  }
}

const cancelled = Symbol('cancelled');

/** `user SP hex(HMAC-MD5(password, challenge))` */
function cramMd5(challenge: string, response: string): Said | undefined {
  const [, user, digest = ''] = /^(.+) ([0-9a-f]{32})$/i.exec(decoded(response)) ?? [];
  return user === undefined ? undefined : { user, proves: (password) => same(createHmac('md5', password).update(challenge).digest(), digest) };
}

/** Whether a digest is the one that is written in hexadecimal. */
export const same = (digest: Buffer, hex: string): boolean => digest.length * 2 === hex.length && timingSafeEqual(digest, Buffer.from(hex, 'hex'));
