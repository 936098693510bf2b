// From what a transaction answered to one outcome for each recipient: the refused by their own reply, the rest by how
// it ended. Pure.
import type { Diagnostic, Instant, Outcome, Phase, RecipientOutcome } from 'mailspool/provider';
import type { Answer, Breakdown, OwnReply } from './connection.ts';
import type { Target } from './envelope.ts';
import { diagnostic, isTooManyRecipients, refusal, remoteIdOf, replyCode } from './replies.ts';

export interface Results {
  readonly outcomes: readonly RecipientOutcome[];
  /** Refused only because there were too many: the next transaction's (T-024). */
  readonly rest: readonly Target[];
}

export interface Acceptance {
  /** For LMTP, where accepted is delivered. */
  readonly deliveredAt: Instant | undefined;
  /** DSN is offered: what was asked for is reported there (RFC 3461). */
  readonly dsn: boolean;
}

export function resultsOf(targets: readonly Target[], { refused, end }: Answer, { deliveredAt, dsn }: Acceptance): Results {
  const outcomes: RecipientOutcome[] = [];
  const rest: Target[] = [];
  const others = 'accepted' in end ? acceptedBy(end.accepted, deliveredAt) : brokenDown(end);
  for (const target of targets) {
    const own = refused.get(target.address);
    if (own && 'accepted' in end && isTooManyRecipients(own.response)) rest.push(target);
    else outcomes.push(...each(target, own ? ownOutcome(own) : dsn ? reportedThere(target, others) : others));
  }
  return { outcomes, rest };
}

/** A recipient's own reply; one to the message that says nothing leaves its outcome unknown (LMTP). */
function ownOutcome({ response, phase }: OwnReply): Outcome {
  if (phase === 'final' && replyCode(response) === undefined) return { outcome: 'unknown', diagnostic: diagnostic(response, phase, 'EPROTOCOL') };
  return refusal(response, phase, codeIn(phase));
}

function acceptedBy(response: string, deliveredAt: Instant | undefined): Outcome {
  const remoteId = remoteIdOf(response);
  return {
    outcome: 'accepted',
    ...(response !== '' && { response }),
    ...(remoteId !== undefined && { remoteId }),
    ...(deliveredAt !== undefined && { deliveredAt }),
  };
}

const reportedThere = ({ notify }: Target, outcome: Outcome): Outcome =>
  outcome.outcome === 'accepted' && outcome.deliveredAt === undefined && notify?.includes('SUCCESS') ? { ...outcome, reportsFollow: true } : outcome;

/** Those that had no reply of their own. */
function brokenDown({ phase, response, error, unknown }: Breakdown): Outcome {
  if (unknown)
    return {
      outcome: 'unknown',
      diagnostic: connectionLost(phase, response, error, 'the connection broke before the server said whether it has the message'),
    };
  if (response !== undefined) return refusal(response, phase, codeIn(phase));
  return { outcome: 'notSent', diagnostic: connectionLost(phase, response, error, 'the connection broke before the message was out') };
}

/** A group whose turn did not come. */
export const untried = (targets: readonly Target[], end: Breakdown): readonly RecipientOutcome[] =>
  targets.flatMap((target) =>
    each(target, { outcome: 'notSent', diagnostic: connectionLost('mail', end.response, end.error, 'the connection broke before') }),
  );

const each = ({ recipients }: Target, outcome: Outcome): RecipientOutcome[] => recipients.map((recipient) => ({ recipient, ...outcome }));

function connectionLost(phase: Phase, response: string | undefined, error: Error, text: string): Diagnostic {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'ECONNECTION';
  return { code, phase, text: `${text}: ${error.message}`, ...(response !== undefined && { response }) };
}

const codeIn = (phase: Phase): string => (phase === 'body' || phase === 'final' ? 'EMESSAGE' : 'EENVELOPE');
