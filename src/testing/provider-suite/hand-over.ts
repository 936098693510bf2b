// One hand-over as the spooler sees it: what the provider did with the message, when, and what it said of each recipient.
import { MailspoolError } from '../../errors.ts';
import type { Content } from '../../message/message.ts';
import type { RecipientOutcome } from '../../message/outcome.ts';
import type { OutboundMessage, SubmitResult } from '../../provider/transport-session.ts';
import { outboundMessage, type DraftedMessage, type OutboundDraft } from './outbound-message.ts';

export class HandOver {
  readonly message: DraftedMessage;
  /** Calls after the hand-over had ended; they were refused with EINVALIDOBJECT (M-056). */
  readonly lateCalls: string[] = [];
  result: SubmitResult | undefined;
  /** The answer of `endMessage`, which follows a hand-over that resolved (M-056). */
  end: string | undefined;
  /** What the hand-over was called when its content was first asked for (M-074). */
  firstReference: string | undefined;
  error: (Error & { readonly code?: string; readonly outcome?: string; readonly gate?: unknown; readonly retryAfterMs?: number }) | undefined;
  #readToEnd = false;
  #handedOver = false;
  #revoked = false;

  constructor(draft: OutboundDraft) {
    const message = outboundMessage(draft);
    const { saveChanges, handingOver, setProperties, content } = message;
    this.message = Object.assign(message, {
      content: this.#watched(content),
      saveChanges: async (outcomes: readonly RecipientOutcome[]) => {
        this.#check('saveChanges');
        await saveChanges(outcomes);
      },
      handingOver: async () => {
        this.#check('handingOver');
        await handingOver();
        this.#handedOver = true;
      },
      setProperties: (properties: OutboundMessage['properties']) => {
        this.#check('setProperties');
        setProperties(properties);
      },
    });
  }

  /** What was said of each recipient, in the order of saying: saved on the way, then by the result or the error (T-019). */
  get words(): readonly { readonly recipient: number; readonly outcome: RecipientOutcome['outcome'] }[] {
    const { saved, recipients } = this.message;
    const open = recipients.filter(({ id }) => !saved.some(({ recipient }) => recipient === id));
    if (this.error) return [...saved, ...open.map(({ id }) => ({ recipient: id, outcome: this.#meaning }))];
    const result = this.result ?? [];
    if ('outcome' in result) return [...saved, ...open.map(({ id }) => ({ ...result, recipient: id }))];
    const repeated = (one: RecipientOutcome) => saved.some(({ recipient, outcome }) => recipient === one.recipient && outcome === one.outcome);
    return [...saved, ...result.filter((one) => !repeated(one))];
  }

  /** One word for each recipient, as `1:accepted`. */
  get summary(): readonly string[] {
    return this.words.map(({ recipient, outcome }) => `${recipient}:${outcome}`).sort();
  }

  /** The call is over. */
  revoke(): void {
    this.#revoked = true;
  }

  /** As the spooler reads it: a plain failure is notSent if the content was not read to its end, else unknown. */
  get #meaning(): RecipientOutcome['outcome'] {
    const { outcome, code } = this.error ?? {};
    if (code === 'ENOTME') return 'notMine';
    if (outcome === 'rejected' || outcome === 'unknown' || outcome === 'notSent') return outcome;
    const patient = code === 'EBUSY' || code === 'EWAIT';
    return (this.#handedOver || this.#readToEnd) && !patient ? 'unknown' : 'notSent';
  }

  #watched(content: Content): Content {
    return {
      sizeBytes: content.sizeBytes,
      stream: () => {
        this.#check('content.stream');
        this.firstReference ??= this.message.reference;
        return content.stream().once('end', () => (this.#readToEnd = true));
      },
      bytes: async (maxBytes) => {
        this.#check('content.bytes');
        this.firstReference ??= this.message.reference;
        const bytes = await content.bytes(maxBytes);
        this.#readToEnd = true;
        return bytes;
      },
    };
  }

  #check(call: string): void {
    if (!this.#revoked) return;
    this.lateCalls.push(call);
    throw new MailspoolError('EINVALIDOBJECT', `the hand-over of ${this.message.id} has ended`);
  }
}
