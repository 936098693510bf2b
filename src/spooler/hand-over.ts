// One hand-over: one message, one session, one call of submitMessage under a deadline, one outcome per recipient.
import { isMailspoolError, MailspoolError } from '../errors.ts';
import type { Diagnostic, NotMine, Outcome, RecipientOutcome } from '../message/outcome.ts';
import type { RecipientRow, Route } from '../message/recipient.ts';
import type { Gate } from '../provider/status.ts';
import { TransportError } from '../provider/transport-error.ts';
import type { SubmitResult, TransportSession } from '../provider/transport-session.ts';
import type { Claim } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import { StoredContent } from './content.ts';
import type { Engine } from './engine.ts';
import type { Flight, InFlight } from './in-flight.ts';
import { OutboundHandle } from './outbound-message.ts';
import { outcomePerRow, soundOutcomes } from './settling.ts';

/** Without `submitTimeoutMs`: the sum of what RFC 5321, 4.5.3.2 grants, less what nobody needs. */
export const defaultSubmitTimeoutMs = 20 * 60_000;
/** How long a provider has to come back after an abort. */
const graceMs = 2_000;

export type HandOverResult =
  | {
      readonly ended: 'outcomes';
      readonly outcomes: readonly RecipientOutcome[];
      readonly resolved: boolean;
      readonly reference: string;
      readonly hung: boolean;
      readonly gate?: Gate;
    }
  /** Nothing was sent and no attempt is spent. */
  | { readonly ended: 'untouched'; readonly gate?: Gate }
  | { readonly ended: 'cancelled' }
  | { readonly ended: 'leaseLost' };

interface HandOverOptions {
  readonly call: 'submitMessage' | 'verifyMessage';
  readonly deferred: boolean;
  readonly expiresAt?: Instant;
  /** Writes outcomes that the provider saves before it is done. */
  save(outcomes: readonly RecipientOutcome[]): Promise<void>;
  /** Writes down that the final dot is next, for at-most-once. @throws ELEASE */
  noteHandingOver(): Promise<void>;
}

export class HandOver implements Flight {
  readonly claim: Claim;
  /** Everyone whom the claim is about. */
  readonly covered: readonly RecipientRow[];
  /** Whom to send to now. */
  readonly rows: readonly RecipientRow[];
  readonly lease: Claim['lease'];
  leasedUntil: Instant;
  deadlineAt?: () => Instant;
  /** Somebody asked to cancel, in time or not: whoever is not sent to yet stays behind. */
  cancelRequested = false;
  /** Told of an abort before the provider was asked. */
  onAbort?: () => void;
  readonly #engine: Engine;
  readonly #inFlight: InFlight;
  /** Their outcomes are on disk; what comes later says nothing new of them. */
  readonly #saved = new Set<number>();
  readonly #controller = new AbortController();
  #handle: OutboundHandle | undefined;
  #reason: MailspoolError | undefined;
  /** The final dot was forbidden: nothing left. */
  #stopped = false;
  /** Set while the provider is asked. */
  #aborted: (() => void) | undefined;
  #grace: AbortController | undefined;

  /** `most`: how many recipients the session takes at once; the rest stays queued and is claimed next. */
  constructor(engine: Engine, inFlight: InFlight, claim: Claim, leasedUntil: Instant, most: number = Number.POSITIVE_INFINITY) {
    this.#engine = engine;
    this.#inFlight = inFlight;
    this.claim = claim;
    this.lease = claim.lease;
    this.leasedUntil = leasedUntil;
    this.covered = claimedRows(claim);
    this.rows = this.covered.slice(0, Math.max(1, most));
  }

  /** After the final dot a cancel or an expiry comes too late: only the other side's word counts then. */
  abort(reason: MailspoolError): void {
    if (reason.code === 'ECANCEL') this.cancelRequested = true;
    if (this.#handle?.handedOver && (reason.code === 'ECANCEL' || reason.code === 'EEXPIRED')) return;
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller.abort(reason);
    this.#aborted?.();
    if (!this.#handle) this.onAbort?.();
  }

  get isBrokenOff(): boolean {
    return this.#reason !== undefined;
  }

  /** What an abort means before the provider was asked: nothing was tried. */
  abandoned(): HandOverResult {
    if (this.#reason?.code === 'ELEASE') return { ended: 'leaseLost' };
    return this.cancelRequested ? { ended: 'cancelled' } : { ended: 'untouched' };
  }

  async run(transport: TransportSession, { call, deferred, expiresAt, save, noteHandingOver }: HandOverOptions): Promise<HandOverResult> {
    if (this.#reason) return this.abandoned();
    const { message, inline } = this.claim;
    const content = new StoredContent(this.#engine.store, message.content, inline);
    const handle = new OutboundHandle(message, this.rows, content, deferred, {
      save: async (outcomes) => {
        const given = soundOutcomes(outcomes);
        await save(given);
        for (const outcome of given) this.#saved.add(outcome.recipient);
      },
      handingOver: async () => await this.#handingOver(noteHandingOver),
    });
    const timeoutAt = this.#engine.clock.now() + (transport.limits?.submitTimeoutMs ?? defaultSubmitTimeoutMs);
    this.deadlineAt = () => (handle.handedOver ? timeoutAt : Math.min(timeoutAt, expiresAt ?? timeoutAt));
    this.#handle = handle;
    this.#inFlight.started(this);
    const answer = await this.#answer(async () => await transport[call]?.(handle, this.#controller.signal));
    if (!('result' in answer)) handle.revoke();
    return this.#ended(answer, handle);
  }

  async #handingOver(noteHandingOver: () => Promise<void>): Promise<void> {
    try {
      if (this.leasedUntil <= this.#engine.clock.now()) await this.#inFlight.renew([this]);
      if (this.#reason) throw this.#reason;
      if (this.leasedUntil <= this.#engine.clock.now()) throw new MailspoolError('ELEASE', `the claim on ${this.lease.id} could not be renewed`);
      if (this.claim.message.guarantee === 'atMostOnce') await noteHandingOver();
    } catch (error) {
      this.#stopped = true;
      throw error;
    }
  }

  /** Why nobody can send this message: its bytes are damaged or gone (T-003). */
  get lostContent(): MailspoolError | undefined {
    return this.#handle?.content.lost;
  }

  /** After a submitMessage that resolved the handle works until endMessage has settled (M-056). */
  revoke(): void {
    this.#handle?.revoke();
  }

  /** What the provider answers; after an abort it has a moment to come back with the truth. */
  async #answer(call: () => Promise<SubmitResult | undefined>): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      this.#aborted = () => {
        this.#grace = new AbortController();
        const hung = () => resolve({ error: this.#reason, hung: true });
        this.#engine.clock.sleep(graceMs, this.#grace.signal).then(hung, () => undefined);
      };
      call().then(
        (result) => resolve({ result: result ?? [] }),
        (error: unknown) => resolve({ error }),
      );
    });
    this.#aborted = undefined;
    this.#grace?.abort();
    return answer;
  }

  #ended(answer: Answer, handle: OutboundHandle): HandOverResult {
    if (this.#reason?.code === 'ELEASE') return { ended: 'leaseLost' };
    const outcomes = (result: SubmitResult | NotMine) =>
      outcomePerRow(
        this.rows.filter(({ id }) => !this.#saved.has(id)),
        result,
      );
    const { reference } = handle;
    if ('result' in answer) return { ended: 'outcomes', outcomes: outcomes(answer.result), resolved: true, reference, hung: false };
    const maySent = (handle.handedOver || handle.content.readToEnd) && !this.#stopped && !saysNotSent(answer.error);
    const hung = answer.hung === true;
    if (this.#reason && !saysOutcome(answer.error) && !maySent) {
      if (this.#reason.code === 'ECANCEL') return { ended: 'cancelled' };
      if (this.#reason.code === 'ESTOPPED') return { ended: 'untouched' };
    }
    const { error } = answer;
    const gate = error instanceof TransportError ? error.gate : undefined;
    if (gate && !maySent && !saysOutcome(error) && this.#saved.size === 0) return { ended: 'untouched', gate };
    return { ended: 'outcomes', outcomes: outcomes(meaningOf(error, maySent)), resolved: false, reference, hung, ...(gate && { gate }) };
  }
}

type Answer = { readonly result: SubmitResult } | { readonly error: unknown; readonly hung?: boolean };

const saysNotSent = (error: unknown): boolean => error instanceof TransportError && error.outcome === 'notSent';

const saysOutcome = (error: unknown): boolean => error instanceof TransportError && (error.outcome === 'unknown' || error.outcome === 'rejected');

/** What a rejection means for all recipients that are not saved (M-057, M-058, T-019). */
export function meaningOf(error: unknown, maySent: boolean): Outcome | NotMine {
  const diagnostic = diagnosticOf(error);
  if (diagnostic.code === 'ENOTME') return { outcome: 'notMine' };
  const stated = error instanceof TransportError ? error.outcome : undefined;
  const patient = diagnostic.code === 'EBUSY' || diagnostic.code === 'EWAIT' || diagnostic.code === 'ENETWORK';
  const outcome = stated ?? (maySent && !patient ? 'unknown' : 'notSent');
  if (outcome !== 'notSent') return { outcome, diagnostic };
  const retryAfterMs = error instanceof TransportError ? error.retryAfterMs : undefined;
  return { outcome, diagnostic, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** An error in a form that can be stored. */
export function diagnosticOf(error: unknown): Diagnostic {
  if (error instanceof TransportError) {
    const { code, message, phase, responseCode, response, enhancedCode, reason } = error;
    return dropUndefined({ code, text: message, phase, responseCode, response, enhancedCode, reason });
  }
  if (isMailspoolError(error)) return { code: error.code, text: error.message };
  return { code: 'EPROVIDER', text: error instanceof Error ? error.message : String(error) };
}

const dropUndefined = (diagnostic: Diagnostic): Diagnostic =>
  Object.fromEntries(Object.entries(diagnostic).filter(([, value]) => value !== undefined)) as unknown as Diagnostic;

/** The rows that a claim is about: claimed, and on its route if it is one. */
function claimedRows({ lease: { queue }, message }: Claim): RecipientRow[] {
  const onRoute = isRoute(queue)
    ? ({ route }: RecipientRow) => route?.session === queue.session && route.destination === queue.destination
    : () => true;
  return message.recipients.filter((row) => row.status.state === 'claimed' && !row.submitted && onRoute(row));
}

const isRoute = (queue: Claim['lease']['queue']): queue is Route => typeof queue === 'object' && 'session' in queue;
