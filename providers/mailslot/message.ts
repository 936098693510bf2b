// What a reader gets.
import type { Instant } from 'mailspool/provider';

/** One message of a mailslot, whole. */
export interface MailslotMessage {
  readonly data: Uint8Array;
  readonly receivedAt: Instant;
  /** How it came: stored by a writer on this computer, or as a datagram. */
  readonly via: 'local' | 'datagram';
  /** Of datagrams. */
  readonly datagram?: DatagramOrigin;
}

export interface DatagramOrigin {
  /** The sender's name as it says itself; believe it only where `keyId` is there. */
  readonly host: string;
  /** Where it came from. */
  readonly address: string;
  /** 32 hexadecimal digits, where the wire format has one. */
  readonly id?: string;
  readonly sentAt?: Instant;
  /** The key that authenticated it (S-040). */
  readonly keyId?: string;
}
