// Message-ID, Date and boundaries, from the time and the randomness that the caller hands in (T-013).
import type { Instant } from '../time/clock.ts';
import type { Address } from './recipient.ts';
import { defaultAddressType } from './address-type.ts';

/** A Message-ID (RFC 5322 3.6.4) in the sender's domain, or in the host's where that is no SMTP address. `entropy`: 10 random octets. */
export function newMessageId(sender: Address | null | undefined, context: { now: Instant; hostname: string }, entropy: Uint8Array): string {
  return `<${context.now.toString(36)}.${Buffer.from(entropy).toString('hex')}@${domainOf(sender, context.hostname)}>`;
}

/** The domain that answers for a sender. */
export function domainOf(sender: Address | null | undefined, hostname: string): string {
  const domain = sender?.type === defaultAddressType ? sender.address.slice(sender.address.lastIndexOf('@') + 1) : hostname;
  return /^[A-Za-z0-9.-]+$/.test(domain) ? domain : hostname;
}

/** RFC 5322 3.3, in UTC. */
export const formatDate = (at: Instant): string => new Date(at).toUTCString().replace('GMT', '+0000');
