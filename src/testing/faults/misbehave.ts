// Doing what a fault says, as far as it is the same in every protocol. For the sessions of the fakes, which do the rest.
import { MailspoolError } from '../../errors.ts';
import { sleepUntil, type Clock } from '../../time/clock.ts';
import type { Accounts } from '../accounts.ts';
import { durationMs } from '../duration.ts';
import type { Bend } from '../net/bending.ts';
import type { Wire } from '../net/wire.ts';
import type { Misdeed } from './fault.ts';

/** What a fault leaves to do for the session that carries out the step. */
export interface Twist {
  /** The answer has been given. */
  readonly answered: boolean;
  /** When the connection is to be cut. */
  readonly drop: 'now' | 'insteadOfReply' | 'afterReply' | undefined;
  /** How the answer goes out. */
  readonly bend: Bend;
}

/** Who misbehaves. */
export interface Misbehaving {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly user: string | undefined;
}

/**
 * Does `deeds` in their order, up to a cut; `own` does those that only this fake knows. Rejects with whatever the wire
 * was gone for if the client leaves meanwhile.
 */
export async function misbehave<Own>(
  deeds: readonly (Misdeed | Own)[],
  { wire, clock, accounts, user }: Misbehaving,
  own: (deed: Own) => void | Promise<void>,
): Promise<Twist> {
  let answered = false;
  let drop: Twist['drop'];
  let bend: Bend = {};
  for (const deed of deeds) {
    if (!isMisdeed(deed)) await own(deed);
    else if (deed === 'stall') await sleepUntil(clock, undefined, wire.gone);
    else if (deed === 'expireToken') {
      if (user === undefined || accounts.credentials(user)) accounts.expireToken(user);
    } else if (typeof deed === 'string') drop = drops[deed];
    else if ('delay' in deed) await sleepUntil(clock, clock.now() + durationMs(deed.delay), wire.gone);
    else if ('say' in deed) {
      await wire.write(deed.say);
      answered = true;
    } else bend = { ...bend, ...deed };
    if (drop === 'now') break;
  }
  return { answered, drop, bend };
}

const drops = { drop: 'now', acceptThenDrop: 'insteadOfReply', replyThenDrop: 'afterReply' } as const;
const words: readonly unknown[] = [...Object.keys(drops), 'stall', 'expireToken'];
const names = ['delay', 'dropAtByte', 'stallAtByte', 'bytesPerSecond', 'say'];

/** Whether every fake can do it. */
export const isMisdeed = (deed: unknown): deed is Misdeed =>
  words.includes(deed) || (typeof deed === 'object' && deed !== null && names.some((name) => name in deed));

/** Whether it decides what is answered. What does not lets another fault have its say at the same step. */
export const decides = (deed: Misdeed): boolean =>
  deed !== 'expireToken' && (typeof deed === 'string' || !('delay' in deed || 'bytesPerSecond' in deed));

/** @throws EINVALID for what no fake can do */
export function checkMisdeed(deed: Misdeed, at: readonly string[]): void {
  if (typeof deed === 'string' || 'say' in deed) return;
  if ('delay' in deed) return void durationMs(deed.delay);
  if (at.includes('handshake')) throw new MailspoolError('EINVALID', 'at handshake there is no answer to slow down or to cut', { field: 'at' });
  for (const [name, value] of Object.entries<number>(deed)) {
    const least = name === 'bytesPerSecond' ? Number.MIN_VALUE : 0;
    if (!(value >= least)) throw new MailspoolError('EINVALID', `${name} cannot be ${value}`, { field: `do.${name}` });
  }
}
