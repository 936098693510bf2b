// What a fake SMTP server does wrong on purpose, and where. For tests of what a client makes of it.
import { MailspoolError } from '../../errors.ts';
import type { Fault } from '../fault-plan.ts';

/** Where in the dialogue: the greeting, a command, or `dot`: the content is there, the reply to it is not yet sent. */
export type SmtpStep = 'greeting' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'dot' | 'RSET' | 'NOOP' | 'QUIT';

export interface SmtpReply {
  /** Three digits. 421 also closes the connection. */
  readonly code: number;
  /** One line for each `\n`. */
  readonly message?: string;
  /** As in RFC 3463, `4.2.2`. */
  readonly enhancedCode?: string;
}

export type SmtpMisdeed =
  /** Says this instead of what it would have said, and does not do what was asked. */
  | SmtpReply
  /** Cuts the connection; a message is not taken. */
  | 'drop'
  /** Takes the message, then cuts the connection instead of answering. At `DATA` and `dot`; elsewhere: does what was asked, then cuts. */
  | 'acceptThenDrop'
  /** Cuts the connection after so many bytes of content. At `DATA`. */
  | { readonly dropAtByte: number }
  /** Says nothing for so long, then goes on as usual. At `dot` the message is taken first. */
  | { readonly delayMs: number }
  /** Says nothing more until the client goes. At `dot` the message is taken first. */
  | 'stall'
  /** Says this, byte for byte, instead of a reply. */
  | { readonly say: string };

/** At `dot`, what `match` looks at is the line of MAIL. */
export type SmtpFault = Fault<SmtpStep, SmtpMisdeed>;

/** @throws EINVALID for a fault that cannot happen */
export function checkFault({ at, do: misdeed }: SmtpFault): void {
  if (typeof misdeed !== 'object') return;
  if ('dropAtByte' in misdeed && at !== 'DATA') throw new MailspoolError('EINVALID', `dropAtByte happens at DATA, not at ${at}`, { field: 'at' });
  if ('code' in misdeed && !(Number.isInteger(misdeed.code) && misdeed.code >= 200 && misdeed.code <= 599)) {
    throw new MailspoolError('EINVALID', `${misdeed.code} is no SMTP reply code`, { field: 'do.code' });
  }
}
