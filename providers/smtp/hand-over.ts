// One hand-over: the message's recipients in as few transactions as can be, one after the other on one connection.
// Every recipient gets an outcome; what stops all of them is thrown, after what is known has been saved.
import { isAscii } from 'node:buffer';
import type { Readable } from 'node:stream';
import type { SMTPEnvelopeDsn } from 'nodemailer/lib/smtp-connection';
import {
  TransportError,
  withTnef,
  type Content,
  type Gate,
  type Instant,
  type OutboundMessage,
  type RecipientOutcome,
  type SubmitResult,
} from 'mailspool/provider';
import type { Answer, Breakdown, Connection, Transaction } from './connection.ts';
import { addressing, groups, refusedHere, type Addressing, type Target } from './envelope.ts';
import { resultsOf, untried } from './outcomes.ts';
import { diagnostic, isClosing, replyCode } from './replies.ts';

/** Content up to this size is read at once; all connections together hold no more than that times their number. */
const inlineBytes = 256 * 1024;

export interface HandOverOptions {
  readonly acquire: () => Promise<Connection>;
  readonly release: (connection: Connection) => void;
  /** The connections that are idle are probably dead. */
  readonly dropIdle: () => void;
  readonly authGate: () => Gate;
  /** Whether what Internet mail has no field for goes along in TNEF. */
  readonly tnef: boolean;
  /** For LMTP: accepted now is delivered now. */
  readonly deliveredAt: () => Instant | undefined;
}

type MessageContent = Uint8Array | (() => Readable);

export class HandOver {
  readonly #message: OutboundMessage;
  readonly #signal: AbortSignal;
  readonly #options: HandOverOptions;
  readonly #outcomes: RecipientOutcome[] = [];
  #content: Content;
  #repeated = false;
  #heldBack: Error | undefined;

  constructor(message: OutboundMessage, signal: AbortSignal, options: HandOverOptions) {
    this.#message = message;
    this.#content = message.content;
    this.#signal = signal;
    this.#options = options;
  }

  /** @throws TransportError that concerns all recipients not yet saved */
  async run(): Promise<SubmitResult> {
    const address = addressing(this.#message);
    this.#outcomes.push(...address.refused);
    if (address.targets.length === 0) return this.#outcomes;
    if (this.#options.tnef) this.#content = (await withTnef(this.#message)) ?? this.#content;
    const content = this.#content;
    const source = content.sizeBytes <= inlineBytes ? await content.bytes() : () => content.stream();
    try {
      let waiting = address.targets;
      while (waiting.length > 0) waiting = await this.#transact(waiting, address, source);
      return this.#outcomes;
    } catch (error) {
      // What cannot be saved now is tried again; the error matters more.
      if (this.#outcomes.length > 0) await this.#message.saveChanges(this.#outcomes).catch(() => undefined);
      throw error;
    }
  }

  /** One transaction; returns the targets that are left for another. */
  async #transact(targets: readonly Target[], address: Addressing, content: MessageContent): Promise<readonly Target[]> {
    const connection = await this.#options.acquire();
    try {
      const permitted = await this.#permitted(targets, address, content, connection);
      const [group = [], ...later] = groups(permitted, connection.extensions.dsn);
      if (group.length === 0) return [];
      const answer = await connection.transact(this.#transaction(group, address, content, connection), this.#signal);
      if (this.#isStale(answer, connection)) return permitted;
      return await this.#conclude(answer, group, later.flat(), connection);
    } finally {
      this.#options.release(connection);
    }
  }

  /** Takes down what a transaction answered, durably if another follows. */
  async #conclude(answer: Answer, group: readonly Target[], later: readonly Target[], connection: Connection): Promise<readonly Target[]> {
    const { end } = answer;
    const { outcomes, rest } = resultsOf(group, answer, { deliveredAt: this.#options.deliveredAt(), dsn: connection.extensions.dsn });
    const stop = 'error' in end ? this.#stop(end) : undefined;
    if (stop) {
      const own = outcomes.filter(({ recipient }) =>
        group.some(({ address, recipients }) => answer.refused.has(address) && recipients.includes(recipient)),
      );
      this.#outcomes.push(...own);
      throw stop;
    }
    this.#outcomes.push(...outcomes);
    const left = [...rest, ...later];
    if (left.length === 0) return left;
    if ('error' in end && !connection.alive) {
      this.#outcomes.push(...untried(left, end));
      return [];
    }
    await this.#message.saveChanges(outcomes);
    return left;
  }

  #transaction(group: readonly Target[], { from }: Addressing, content: MessageContent, { extensions }: Connection): Transaction {
    const { sizeBytes } = this.#content;
    return {
      envelope: {
        from,
        to: group.map(({ address }) => address),
        size: sizeBytes,
        use8BitMime: typeof content === 'function' || !isAscii(content),
        ...(extensions.dsn && { dsn: this.#dsn(group[0]) }),
      },
      content,
      handingOver: () => this.#handingOver(),
    };
  }

  /** RFC 3461: what the sender wants to hear, passed on (T-046). */
  #dsn(target: Target | undefined): SMTPEnvelopeDsn {
    const { envelopeId, report } = this.#message;
    return {
      ...(envelopeId !== undefined && { envid: envelopeId }),
      ...(report.returns !== undefined && { ret: report.returns === 'full' ? 'FULL' : 'HDRS' }),
      ...(target?.notify !== undefined && { notify: target.notify }),
      ...(target?.originalRecipient !== undefined && { orcpt: target.originalRecipient }),
    };
  }

  async #handingOver(): Promise<void> {
    try {
      await this.#message.handingOver();
    } catch (error) {
      this.#heldBack = error as Error;
      throw error;
    }
  }

  /** The targets that this server can be asked to take; the others are refused here, before MAIL. */
  async #permitted(targets: readonly Target[], address: Addressing, content: MessageContent, { extensions }: Connection): Promise<readonly Target[]> {
    const { sizeBytes } = this.#content;
    if (extensions.sizeBytes > 0 && sizeBytes > extensions.sizeBytes) {
      return this.#refuse(targets, '5.3.4', `the message has ${sizeBytes} bytes, the server takes ${extensions.sizeBytes}`, 'EMAXSIZE');
    }
    if (!extensions.eightBitMime && (await hasEightBits(content))) {
      return this.#refuse(targets, '5.6.3', 'the message has 8-bit content, and the server does not offer 8BITMIME', 'EMESSAGE');
    }
    if (extensions.smtpUtf8) return targets;
    const foreign = targets.filter(({ international }) => international || address.international);
    this.#refuse(foreign, '5.6.7', 'an address is not ASCII, and the server does not offer SMTPUTF8', 'EENVELOPE');
    return foreign.length === 0 ? targets : targets.filter((target) => !foreign.includes(target));
  }

  #refuse(targets: readonly Target[], enhancedCode: string, text: string, code: string): readonly Target[] {
    for (const { recipients } of targets) {
      for (const recipient of recipients) this.#outcomes.push(refusedHere(recipient, 'mail', enhancedCode, text, code));
    }
    return [];
  }

  /**
   * A connection that had been idle was dead, or the server ended it before it heard MAIL: nothing was tried. That is
   * no attempt, so the same hand-over goes on with another connection, once.
   */
  #isStale({ end }: Answer, connection: Connection): boolean {
    if (this.#repeated || this.#signal.aborted || 'accepted' in end || connection.used < 2) return false;
    const closedAtMail = end.phase === 'mail' && end.response !== undefined && isClosing(end.response);
    if (!end.unheard && !closedAtMail) return false;
    this.#repeated = true;
    this.#options.dropIdle();
    return true;
  }

  /** What ends the whole hand-over: cancelled, held back before the dot, or a server that wants credentials first. */
  #stop({ phase, response, error, unknown }: Breakdown): TransportError | undefined {
    if (this.#heldBack)
      return new TransportError(codeOf(this.#heldBack), this.#heldBack.message, { outcome: 'notSent', phase, cause: this.#heldBack });
    if (response === undefined) {
      if (!this.#signal.aborted) return undefined;
      return new TransportError('ECANCEL', 'the hand-over was broken off', { outcome: unknown ? 'unknown' : 'notSent', phase, cause: error });
    }
    if (phase !== 'mail' || replyCode(response) !== 530) return undefined;
    const code = /TLS|STARTTLS/i.test(response) ? 'EREQUIRETLS' : 'ENOAUTH';
    const { text, code: _code, ...reply } = diagnostic(response, phase, code);
    return new TransportError(code, text, { ...reply, outcome: 'notSent', gate: this.#options.authGate() });
  }
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : 'ECANCEL');

async function hasEightBits(content: MessageContent): Promise<boolean> {
  if (content instanceof Uint8Array) return !isAscii(content);
  for await (const chunk of content() as AsyncIterable<Uint8Array>) if (!isAscii(chunk)) return true;
  return false;
}
