// From outcomes to the new states of recipients (pure). The one place that decides what an outcome means.
import { assertNever } from '../errors.ts';
import type { Message } from '../message/message.ts';
import { type Diagnostic, leftRecipient, type NotMine, type Outcome, type RecipientOutcome } from '../message/outcome.ts';
import type { RecipientRow, RecipientState, Route } from '../message/recipient.ts';
import type { RecipientChange } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import type { RetryPolicy } from './contract.ts';

export interface HandedOver {
  readonly message: Message;
  readonly route: Route;
  readonly now: Instant;
  readonly retry: RetryPolicy;
  readonly expiresAt?: Instant;
}

/** Codes by which a provider says that nothing was tried: no attempt is spent (M-057, M-058). */
const patientCodes: ReadonlySet<string> = new Set(['EBUSY', 'EWAIT']);

/** The change that one outcome makes to the row it speaks of. */
export function changeFor(outcome: RecipientOutcome, row: RecipientRow, handedOver: HandedOver): RecipientChange {
  const { now, route } = handedOver;
  const recipient = row.id;
  switch (outcome.outcome) {
    case 'accepted': {
      const status: RecipientState =
        outcome.deliveredAt === undefined
          ? { state: 'relayed', at: now, ...(outcome.reportsFollow && { reportsFollow: true }) }
          : { state: 'delivered', at: outcome.deliveredAt };
      const last: Diagnostic | undefined =
        outcome.response === undefined ? undefined : { code: 'OK', text: outcome.response, response: outcome.response };
      return { recipient, status, countAttempt: true, ...(last && { last }), ...(outcome.remoteId !== undefined && { remoteId: outcome.remoteId }) };
    }
    case 'rejected':
      return failed(recipient, outcome.diagnostic, now);
    case 'notSent':
      return again(row, outcome.diagnostic, outcome.retryAfterMs, handedOver);
    case 'unknown':
      return uncertain(row, outcome.diagnostic, handedOver);
    case 'notMine':
      return { recipient, status: { state: 'queued' }, route: null, passed: route.session, ...(outcome.diagnostic && { last: outcome.diagnostic }) };
    default:
      return assertNever(outcome);
  }
}

const failed = (recipient: number, diagnostic: Diagnostic, at: Instant): RecipientChange => ({
  recipient,
  status: { state: 'failed', at, diagnostic },
  countAttempt: true,
  last: diagnostic,
});

function again(
  row: RecipientRow,
  diagnostic: Diagnostic,
  retryAfterMs: number | undefined,
  { message, route, now, retry, expiresAt }: HandedOver,
): RecipientChange {
  const patient = patientCodes.has(diagnostic.code);
  const counted = { recipient: row.id, countAttempt: !patient, last: diagnostic };
  if (expiresAt !== undefined && expiresAt <= now) return { ...counted, status: { state: 'expired', at: now, diagnostic } };
  const next = nextAttempt(retry, { attempt: row.attempts + 1, diagnostic, message, route });
  if (next === 'giveUp' && !patient) return { ...counted, status: { state: 'failed', at: now, diagnostic } };
  const policyMs = next === 'giveUp' ? 60_000 : next.afterMs;
  const asked = retryAfterMs !== undefined && Number.isFinite(retryAfterMs) ? Math.max(0, retryAfterMs) : undefined;
  return { ...counted, status: { state: 'deferred', until: now + (asked ?? policyMs), diagnostic } };
}

/** A policy that throws, or gives no time, must not cost the outcomes that are written with this one. */
function nextAttempt(retry: RetryPolicy, failed: Parameters<RetryPolicy['next']>[0]): ReturnType<RetryPolicy['next']> {
  try {
    const next = retry.next(failed);
    return next === 'giveUp' || Number.isFinite(next.afterMs) ? next : { afterMs: brokenPolicyMs };
  } catch {
    return { afterMs: brokenPolicyMs };
  }
}

function uncertain(row: RecipientRow, diagnostic: Diagnostic, handedOver: HandedOver): RecipientChange {
  const { message, now } = handedOver;
  const policy = message.guarantee === 'atMostOnce' && message.onUnknown === 'resend' ? 'hold' : message.onUnknown;
  if (policy === 'resend') return again(row, diagnostic, undefined, handedOver);
  const next = policy === 'verify' ? { verifyAt: now + verifyAfterMs(row.attempts) } : 'operator';
  return { recipient: row.id, status: { state: 'uncertain', since: now, diagnostic, next }, countAttempt: true, last: diagnostic };
}

const brokenPolicyMs = 600_000;

/** Verification waits a little longer each time: 10 s, 20 s, … at most an hour. */
const verifyAfterMs = (attempts: number): number => Math.min(10_000 * 2 ** attempts, 3_600_000);

/** One outcome for each row: one for all is spread, a forgotten row is unknown. */
export function outcomePerRow(rows: readonly { readonly id: number }[], result: SubmitOutcome): RecipientOutcome[] {
  const given = soundOutcomes(isPerRecipient(result) ? result : rows.map(({ id }) => ({ ...result, recipient: id })));
  return rows.map(({ id }) => given.find(({ recipient }) => recipient === id) ?? forgotten(id));
}

type SubmitOutcome = readonly RecipientOutcome[] | Outcome | NotMine;

const isPerRecipient = (result: SubmitOutcome): result is readonly RecipientOutcome[] => Array.isArray(result);

const forgotten = (recipient: number): RecipientOutcome => ({
  recipient,
  outcome: 'unknown',
  diagnostic: { code: 'EFORGOTTEN', text: 'the provider gave no outcome for this recipient' },
});

/** Providers are strangers: what is no outcome counts as forgotten, and a failure without a reason gets one. */
export const soundOutcomes = (outcomes: readonly RecipientOutcome[]): RecipientOutcome[] =>
  outcomes.filter((outcome) => outcomeNames.has(outcome?.outcome)).map(withReason);

const outcomeNames: ReadonlySet<unknown> = new Set<RecipientOutcome['outcome']>(['accepted', 'rejected', 'notSent', 'unknown', 'notMine']);

function withReason(outcome: RecipientOutcome): RecipientOutcome {
  if (outcome.outcome === 'accepted') return outcome;
  if (outcome.outcome === 'notMine') return withoutNonsense(outcome);
  if (isReason(outcome.diagnostic)) return outcome;
  return { ...outcome, diagnostic: { code: 'EPROVIDER', text: 'the provider gave no reason' } };
}

/** Whoever leaves a recipient needs no reason; what it says is marked, so that it is not taken for one of an attempt. */
function withoutNonsense({ recipient, outcome, diagnostic }: NotMine & { readonly recipient: number }): RecipientOutcome {
  return { recipient, outcome, ...(isReason(diagnostic) && { diagnostic: { ...diagnostic, reason: leftRecipient } }) };
}

function isReason(diagnostic: Diagnostic | undefined): diagnostic is Diagnostic {
  const { code, text }: { readonly code?: unknown; readonly text?: unknown } = { ...diagnostic };
  return typeof code === 'string' && typeof text === 'string';
}
