// What a fake SMTP server does wrong on purpose, where, and how often. For tests of what a client makes of it.
import { MailspoolError } from '../../errors.ts';

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

export interface SmtpFault {
  readonly at: SmtpStep;
  /** Only for lines that match, as sent: a string is looked for regardless of case. At `dot` the line is that of MAIL. */
  readonly match?: string | RegExp;
  /** Lets so many pass first. Default 0. */
  readonly skip?: number;
  /** How often. Default 1; Infinity for always. */
  readonly times?: number;
  readonly do: SmtpMisdeed;
}

/** What became of a fault. */
export interface SmtpFaultHandle {
  /** How often it happened so far. */
  readonly fired: number;
  /** It will not happen again. */
  remove(): void;
}

export class FaultPlan {
  readonly #planned = new Set<PlannedFault>();

  add(fault: SmtpFault): SmtpFaultHandle {
    check(fault);
    const planned = new PlannedFault(fault, () => this.#planned.delete(planned));
    this.#planned.add(planned);
    return planned;
  }

  /** The first fault that is due at this step, if any; it counts as fired. */
  due(at: SmtpStep, line: string): SmtpMisdeed | undefined {
    for (const planned of this.#planned) if (planned.due(at, line)) return planned.fault.do;
    return undefined;
  }
}

class PlannedFault implements SmtpFaultHandle {
  fired = 0;
  readonly fault: SmtpFault;
  readonly remove: () => void;
  #seen = 0;

  constructor(fault: SmtpFault, remove: () => void) {
    this.fault = fault;
    this.remove = remove;
  }

  due(at: SmtpStep, line: string): boolean {
    if (at !== this.fault.at || this.fired >= (this.fault.times ?? 1) || !matches(this.fault.match, line)) return false;
    if (this.#seen++ < (this.fault.skip ?? 0)) return false;
    this.fired++;
    return true;
  }
}

function check({ at, do: misdeed }: SmtpFault): void {
  if (typeof misdeed !== 'object') return;
  if ('dropAtByte' in misdeed && at !== 'DATA') throw new MailspoolError('EINVALID', `dropAtByte happens at DATA, not at ${at}`, { field: 'at' });
  if ('code' in misdeed && !(Number.isInteger(misdeed.code) && misdeed.code >= 200 && misdeed.code <= 599)) {
    throw new MailspoolError('EINVALID', `${misdeed.code} is no SMTP reply code`, { field: 'do.code' });
  }
}

function matches(wanted: string | RegExp | undefined, line: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? line.toLowerCase().includes(wanted.toLowerCase()) : line.search(wanted) >= 0;
}
