// What a fake SMTP server does wrong on purpose, and where. For tests of what a client makes of it.
import { MailspoolError } from '../../errors.ts';
import type { Fault, Misdeed, Occasion } from '../faults/fault.ts';

export const smtpCommands = ['EHLO', 'HELO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'BDAT', 'RSET', 'NOOP', 'VRFY', 'HELP', 'QUIT'] as const;

/**
 * Where in the dialogue: a command, or `greeting`; `handshake`: before TLS begins; `logon`: the client has said who it
 * is; `dot`: the content is there, the reply to it is not yet sent.
 */
export type SmtpStep = 'greeting' | 'handshake' | 'logon' | 'dot' | (typeof smtpCommands)[number];

export interface SmtpReply {
  /** Three digits. 421 also closes the connection. */
  readonly code: number;
  /** One line for each `\n`. */
  readonly message?: string;
  /** As in RFC 3463, `4.2.2`. */
  readonly enhancedCode?: string;
}

/**
 * A reply is said instead of the usual one, and what was asked is not done. At `DATA` and `BDAT`, `dropAtByte` and
 * `stallAtByte` count the content. At `dot` the message is taken before a delay, a stall or a cut of the reply.
 */
export type SmtpMisdeed = Misdeed | SmtpReply;

/** At `dot`, what `match` looks at is the line of MAIL. */
export type SmtpFault = Fault<SmtpStep, SmtpMisdeed>;

export type SmtpOccasion = Occasion<SmtpStep>;

/** @throws EINVALID for a reply that is none */
export function checkSmtpFault({ do: deeds }: SmtpFault): void {
  for (const deed of [deeds].flat()) {
    if (typeof deed === 'string' || !('code' in deed)) continue;
    if (!(Number.isInteger(deed.code) && deed.code >= 200 && deed.code <= 599)) {
      throw new MailspoolError('EINVALID', `${deed.code} is no SMTP reply code`, { field: 'do.code' });
    }
  }
}
