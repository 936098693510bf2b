// What a POP3 dialogue asks of the server that it belongs to. For pop3-session.ts; fake-pop3.ts answers.
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../time/clock.ts';
import type { Occasion } from '../faults/fault.ts';
import type { SharedMailboxes } from '../mailboxes/fake-mailboxes.ts';
import type { SaslMechanism } from '../sasl.ts';
import type { Pop3Misdeed, Pop3Step } from './fault.ts';

export interface Pop3Host {
  readonly clock: Clock;
  readonly mailboxes: SharedMailboxes;
  readonly implicitTls: boolean;
  readonly mechanisms: readonly SaslMechanism[];
  secureContext(): SecureContext;
  offers(capability: Pop3Capability): boolean;
  /** What is planned to go wrong now. */
  faults(occasion: Omit<Occasion<Pop3Step>, 'connections'>): readonly Pop3Misdeed[];
  /** The user's maildrop is this session's alone from now on; false if another one has it. */
  lock(user: string): boolean;
  unlock(user: string): void;
  log(entry: Pop3LogEntry): void;
}

/** What a fake can be told not to offer. `APOP` stands in no list of capabilities, but in the greeting. */
export type Pop3Capability = (typeof pop3Capabilities)[number] | 'STLS' | 'APOP';

/** RFC 2449, RFC 3206 for AUTH-RESP-CODE, RFC 5034 for SASL. */
export const pop3Capabilities = ['TOP', 'USER', 'UIDL', 'SASL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING'] as const;

/** A line that a client sent. */
export interface Pop3LogEntry {
  /** Connections are numbered from 1. */
  readonly connection: number;
  /** Passwords are in it. */
  readonly line: string;
}
