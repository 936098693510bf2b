// One open SMTP connection: nodemailer's, with our own eyes on the phase of a transaction. Promise: whatever breaks,
// the answer says whether the final dot may have left (T-022), and nothing is emitted that nobody hears (U-044).
import type { Readable } from 'node:stream';
import type { default as SMTPConnection, SMTPConnectionEnvelope, SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { Clock, Instant, Phase } from 'mailspool/provider';
import type { Extensions } from './extensions.ts';
import { MessageBody } from './message-body.ts';
import type { SmtpTimeouts } from './options.ts';
import { replyCode } from './replies.ts';

/** nodemailer's error; `command` is CONN for whatever happened to the connection. */
export interface WireError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly response?: string;
  readonly recipient?: string;
}

export interface Transaction {
  readonly envelope: SMTPEnvelope & { readonly to: string[] };
  readonly content: Uint8Array | (() => Readable);
  readonly handingOver: () => Promise<void>;
}

/** How a transaction ended. Recipients in `refused` had a reply of their own, whatever became of the rest. */
export interface Answer {
  readonly refused: ReadonlyMap<string, OwnReply>;
  readonly end: { readonly accepted: string } | Breakdown;
}

export interface OwnReply {
  readonly response: string;
  readonly phase: Phase;
}

export interface Breakdown {
  readonly phase: Phase;
  /** A reply that refused all the rest; undefined if the connection failed or was stopped. */
  readonly response?: string;
  readonly error: Error;
  /** The final dot may have left and no reply came: nobody knows. */
  readonly unknown: boolean;
  /** The server said nothing at all: an old connection that was dead already. */
  readonly unheard: boolean;
}

type RunningTransaction = Transaction & { readonly body: MessageBody; readonly settle: (end: Answer['end']) => void };

export class Connection {
  readonly extensions: Extensions;
  /** Transactions begun. */
  used = 0;
  /** When somebody has to look: the deadline of the step under way, or the end of idleness. */
  dueAt: Instant = Number.POSITIVE_INFINITY;
  /** A transaction was left open; RSET before the next. */
  #dirty = false;
  #failure: Error | undefined;
  #running: RunningTransaction | undefined;
  #progress = '';
  readonly #wire: SMTPConnection;
  readonly #clock: Clock;
  readonly #timeouts: Required<SmtpTimeouts>;

  constructor(wire: SMTPConnection, extensions: Extensions, clock: Clock, timeouts: Required<SmtpTimeouts>) {
    this.#wire = wire;
    this.extensions = extensions;
    this.#clock = clock;
    this.#timeouts = timeouts;
    wire.on('error', (error: Error) => (this.#failure = error));
    // nodemailer calls back after `end`, if it does at all: a callback has the better answer.
    wire.on('end', () => queueMicrotask(() => this.#brokenDown(this.#failure ?? new Error('the connection was closed'))));
  }

  get alive(): boolean {
    const { destroyed, _socket: socket } = this.#wire;
    return !destroyed && socket ? socket.writable : false;
  }

  /** Runs when the connection is gone, however that came. */
  onEnd(gone: () => void): void {
    this.#wire.once('end', gone);
    if (this.#wire.destroyed) queueMicrotask(gone);
  }

  /** One message, as far as DATA and its reply. Never rejects. */
  async transact(transaction: Transaction, signal: AbortSignal): Promise<Answer> {
    this.used++;
    const abort = () => this.stop(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.#send(transaction, signal);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Breaks off at once, whatever is under way. */
  stop(reason: Error): void {
    this.#failure ??= reason;
    this.#brokenDown(reason);
    this.#wire.close();
  }

  /** Says QUIT and closes; a server that does not answer is cut off by `stop`. */
  quit(): void {
    if (this.alive) this.#wire.quit();
    else this.#wire.close();
  }

  /** Called when `dueAt` has passed during a transaction: a step that moved on gets its time, one that did not ends. */
  overdue(): void {
    const { replyMs } = this.#timeouts;
    const progress = this.#observed();
    if (this.#running === undefined || this.#running.body.started || progress === this.#progress) return this.stop(timedOut(this.#phase()));
    this.#progress = progress;
    this.dueAt = this.#clock.now() + replyMs;
  }

  async #send(transaction: Transaction, signal: AbortSignal): Promise<Answer> {
    if (this.#dirty) await this.#reset();
    return new Promise((resolve) => {
      const { envelope } = transaction;
      const settle = (end: Answer['end']) => {
        this.#running = undefined;
        if ('error' in end) body.destroy();
        // Without MAIL the replies to RCPT that came with it say nothing of the recipients (RFC 2920, 3.1; T-036).
        const isMailRefused = 'error' in end && end.phase === 'mail';
        resolve({ refused: isMailRefused ? new Map() : refusals(envelope), end });
      };
      const body: MessageBody = new MessageBody({
        content: transaction.content,
        handingOver: transaction.handingOver,
        moved: (to) => (this.dueAt = this.#clock.now() + (to === 'final' ? this.#timeouts.finalMs : this.#timeouts.blockMs)),
        failed: (error) => this.#running?.body === body && this.stop(error as Error),
      });
      this.#running = { ...transaction, body, settle };
      this.#wire.lastServerResponse = false;
      this.#progress = nothingHeard;
      this.dueAt = this.#clock.now() + this.#timeouts.replyMs;
      if (signal.aborted) return this.stop(signal.reason as Error);
      this.#wire.send(envelope, body, (error, info) => this.#answered(body, error, info?.response));
    });
  }

  /** nodemailer has called back: with the final reply, with a refusal, or because the connection failed. */
  #answered(body: MessageBody, error: WireError | null, response: string | undefined): void {
    const running = this.#running;
    if (running?.body !== body) return;
    const reply = error === null ? (response ?? '') : error.response;
    if (reply === undefined) return this.#brokenDown(error ?? new Error('no reply'));
    const [code = 0, early, phase] = [replyCode(reply), body.started && !body.dotLeft, phases[error?.command ?? ''] ?? this.#phase()];
    this.#dirty = phase !== 'final';
    const accepted = error === null && !early && (this.#lmtp || (code >= 200 && code < 300));
    // LMTP: the last recipient's reply, which is not the others'; whoever was refused is in the books.
    if (accepted) return running.settle({ accepted: code >= 200 && code < 300 ? reply : '' });
    const refused = error ?? new Error(early ? 'the server accepted the message before it had it' : 'the reply to the message is none');
    const unknown = body.dotLeft && (code < 400 || (this.#lmtp && error?.command === 'CONN'));
    running.settle({ phase, response: reply, error: refused, unknown, unheard: false });
    // After 421 nodemailer closes by itself (T-023).
    if (early || code < 400) this.stop(refused);
  }

  #brokenDown(error: Error): void {
    const running = this.#running;
    if (running === undefined) return;
    const unheard = this.#wire.lastServerResponse === false;
    running.settle({ phase: this.#phase(), error, unknown: running.body.dotLeft, unheard });
  }

  /** The transaction may be half open: the server forgets it, or the connection is not used again. */
  #reset(): Promise<void> {
    this.#dirty = false;
    this.dueAt = this.#clock.now() + this.#timeouts.replyMs;
    return new Promise((resolve) => {
      const done = () => {
        this.#wire.removeListener('end', done);
        resolve();
      };
      this.#wire.once('end', done);
      this.#wire.reset((error) => {
        if (error) this.stop(error);
        done();
      });
    });
  }

  #phase(): Phase {
    const { body, envelope } = this.#running ?? {};
    if (body === undefined || envelope === undefined || this.#wire.lastServerResponse === false) return 'mail';
    if (body.dotLeft) return 'final';
    if (body.started) return 'body';
    return replied(envelope) < envelope.to.length ? 'rcpt' : 'data';
  }

  /** What the server has said so far; unchanged, it has said nothing since. */
  #observed(): string {
    const { envelope } = this.#running ?? {};
    const { lastServerResponse } = this.#wire;
    return lastServerResponse === false ? nothingHeard : `${envelope ? replied(envelope) : 0} ${lastServerResponse}`;
  }

  get #lmtp(): boolean {
    return this.#wire.options.lmtp === true;
  }
}

const nothingHeard = '';

/** Where nodemailer was when a reply refused something. */
const phases: Readonly<Record<string, Phase>> = { 'MAIL FROM': 'mail', 'RCPT TO': 'rcpt' };

export const timedOut = (phase: Phase): Error => Object.assign(new Error(`the server did not answer in time (${phase})`), { code: 'ETIMEDOUT' });

/** nodemailer keeps its books on the envelope that it was given. */
type Books = SMTPEnvelope & Partial<Pick<SMTPConnectionEnvelope, 'accepted' | 'rejected' | 'rejectedErrors'>>;

const replied = ({ accepted = [], rejected = [] }: Books): number => accepted.length + rejected.length;

function refusals({ rejectedErrors = [] }: Books): Answer['refused'] {
  const refused = new Map<string, OwnReply>();
  for (const { recipient, response, command } of rejectedErrors as readonly WireError[]) {
    if (recipient !== undefined) refused.set(recipient, { response: response ?? '', phase: command === 'RCPT TO' ? 'rcpt' : 'final' });
  }
  return refused;
}
