// What an SMTP dialogue asks of the server that it belongs to. For smtp-session.ts; fake-smtp.ts answers.
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../time/clock.ts';
import type { Accounts } from '../accounts.ts';
import type { SaslMechanism } from '../sasl.ts';
import type { SmtpMisdeed, SmtpOccasion } from './fault.ts';
import type { SmtpExtension } from './extensions.ts';
import type { ReceivedMail } from './received-mail.ts';

export interface SmtpHost {
  readonly clock: Clock;
  readonly name: string;
  readonly accounts: Accounts;
  readonly implicitTls: boolean;
  readonly mechanisms: readonly SaslMechanism[];
  readonly requireAuth: boolean;
  readonly maxMessageBytes: number;
  secureContext(): SecureContext;
  offers(extension: SmtpExtension): boolean;
  /** What is planned to go wrong now. */
  faults(occasion: Omit<SmtpOccasion, 'connections'>): readonly SmtpMisdeed[];
  /** Takes a message and says under which number. */
  accept(mail: Omit<ReceivedMail, 'parsed' | 'receivedAt'>): string;
  log(entry: SmtpLogEntry): void;
}

/** A line that a client sent. */
export interface SmtpLogEntry {
  /** Connections are numbered from 1. */
  readonly connection: number;
  readonly line: string;
}
