// From what a program gives to a message on disk: compose, find the routes, one write (M-025, M-026, M-032, T-001).
import { MailspoolError } from '../errors.ts';
import { compose } from '../message/compose.ts';
import type { ComposeContext, Composed } from '../message/composed.ts';
import { defaultMessageClass, folders, type Message } from '../message/message.ts';
import type { Recipient, RecipientInput, RecipientState, Route } from '../message/recipient.ts';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { NewMessage, Submitted } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import type { SpoolerOptions, SubmitReceipt } from './contract.ts';
import type { Engine } from './engine.ts';
import { digestedInput } from './input-digest.ts';
import { JustSubmitted } from './just-submitted.ts';
import { applicablePreprocessors, type Processors } from './processors.ts';
import type { RoutePlanner } from './route-planner.ts';
import { instantOf } from './send-time.ts';

const inlineBytes = 64 * 1024;

interface SubmissionParts {
  readonly engine: Engine;
  readonly planner: RoutePlanner;
  readonly processors: Processors;
  readonly addressBook?: SpoolerOptions['addressBook'];
}

export class Submission {
  readonly justSubmitted: JustSubmitted = new JustSubmitted();
  readonly #parts: SubmissionParts;

  constructor(parts: SubmissionParts) {
    this.#parts = parts;
  }

  /** @throws EINVALID, ENORECIPIENTS, EMAXSIZE, EDUPLICATE, ESTORE; nothing is stored then */
  async submit(given: SubmitMessage, options: SubmitOptions = {}): Promise<SubmitReceipt> {
    const { engine } = this.#parts;
    const { idempotencyKey } = options;
    checkOptions(options);
    const input = idempotencyKey === undefined ? undefined : digestedInput(given, options);
    const composed = await this.#compose(input?.message ?? given, options);
    const message = await this.#newMessage(composed, options);
    options.signal?.throwIfAborted();
    const keyed = input && idempotencyKey !== undefined ? { ...message, idempotencyKey, inputDigest: await input.digest() } : message;
    const [submitted] = await engine.store.submit([keyed]);
    // A coupled store may have delivered it already: what became of it stands there.
    if (submitted?.result === 'stored' && !engine.store.capabilities.coupled) this.justSubmitted.add(submitted.id, message);
    return await this.#receipt(submitted, composed, idempotencyKey);
  }

  /** A preprocessor's message, written together with something else. Made from mail, it must not name files or URLs. */
  async prepared(given: SubmitMessage, options: SubmitOptions = {}): Promise<NewMessage> {
    checkOptions(options);
    return await this.#newMessage(await this.#compose(given, options, false), options);
  }

  /** A report about received mail, written together with what it tells of. Nothing is reported about it (T-045). */
  async report(composed: Composed, { account, tenant, priority }: Message): Promise<NewMessage> {
    const scope = { ...(account !== undefined && { account }), ...(tenant !== undefined && { tenant }) };
    return await this.#newMessage(composed, { ...scope, priority, report: { nonDelivery: false, delay: false }, afterSend: { delete: true } });
  }

  async #compose(given: SubmitMessage, options: SubmitOptions, fileAccess: boolean = true): Promise<Composed> {
    const { clock, random, hostname } = this.#parts.engine;
    const recipients = given.recipients && (await this.#expanded(given.recipients, options.signal));
    return await compose(
      { ...given, ...(recipients && { recipients }) },
      { now: clock.now(), random, hostname, fileAccess, ...readReceipt(given, options) },
    );
  }

  /** Lists of the address book become their members (M-032). */
  async #expanded(inputs: readonly RecipientInput[], signal: AbortSignal = never): Promise<RecipientInput[]> {
    const expanded = inputs.map(async (input): Promise<RecipientInput[]> => {
      if (!('list' in input)) return [input];
      const [members] = (await this.#parts.addressBook?.resolve([input.list], signal)) ?? [];
      if (!members)
        throw new MailspoolError('EINVALID', `there is no list ${JSON.stringify(input.list)} in the address book`, { field: 'recipients' });
      const { list: _list, ...rest } = input;
      return members.map((member) => ({ ...rest, ...member }));
    });
    return (await Promise.all(expanded)).flat();
  }

  async #newMessage(composed: Composed, options: SubmitOptions): Promise<NewMessage> {
    const { engine, planner } = this.#parts;
    const now = engine.clock.now();
    const content = await this.#content(composed, options.signal);
    const sizeBytes = 'inline' in content ? content.inline.byteLength : content.sizeBytes;
    const account = planner.accountFor(composed.envelope.from?.address, options.account);
    const returnPath = composed.envelope.from;
    const routable = { sizeBytes, returnPath, ...(account !== undefined && { account }) };
    planner.checkSize(composed.recipients, routable);
    const dueAt = options.sendAt === undefined ? undefined : instantOf(options.sendAt, now);
    const planned = await this.#plan(composed.recipients, routable, options.signal);
    const { requested } = composed;
    const envelopeId = options.envelopeId ?? requested?.envelopeId;
    const report = { ...requested?.report, ...options.report };
    const expiresAt = options.expiresAt === undefined ? (dueAt ?? now) + engine.retry.lifetimeMs : Number(options.expiresAt);
    return {
      ...pick(options, ['tenant', 'options', 'deliverBy']),
      ...(envelopeId !== undefined && { envelopeId }),
      ...(account !== undefined && { account }),
      folder: folders.outbox,
      content,
      returnPath,
      properties: { messageClass: defaultMessageClass, ...composed.properties, expiresAt, ...(options.reportTo && { reportTo: options.reportTo }) },
      recipients: planned.recipients,
      submitTime: now,
      priority: options.priority ?? 0,
      report,
      afterSend: options.afterSend ?? { moveTo: folders.sent },
      guarantee: options.guarantee ?? 'atLeastOnce',
      onUnknown: options.onUnknown ?? (options.guarantee === 'atMostOnce' ? 'hold' : 'resend'),
      warnAt: report.delay === false ? [] : engine.retry.warnAfterMs.map((ms) => (dueAt ?? now) + ms),
      ...(planned.preprocess && { submitState: { locked: false, preprocess: true } }),
      ...(dueAt !== undefined && { dueAt }),
      ...(options.sendAt !== undefined && { sendAt: options.sendAt }),
    };
  }

  async #content({ source }: Composed, signal: AbortSignal | undefined): Promise<NewMessage['content']> {
    if (source instanceof Uint8Array && source.byteLength <= inlineBytes) return { inline: source };
    return await this.#parts.engine.store.putContent(source instanceof Uint8Array ? once(source) : source, signal);
  }

  /** Routes at once what needs no preprocessor, so that the common path has one write before the hand-over. */
  async #plan(
    recipients: readonly Recipient[],
    message: Pick<Message, 'sizeBytes' | 'returnPath' | 'account'>,
    signal: AbortSignal = never,
  ): Promise<{ recipients: NewMessage['recipients']; preprocess: boolean }> {
    const { planner, processors, engine } = this.#parts;
    const rows = recipients.map((recipient) => ({ ...recipient, status: initialStatus(recipient, engine.clock.now()) }));
    const registered = processors.pre;
    const applies = () => applicablePreprocessors(registered, recipients, (recipient) => planner.taker(recipient, message), planner.order).length > 0;
    // Before every session has logged on, what they will register is not known: the prepare step finds out.
    const preprocess = !planner.ready || (registered.length > 0 && applies());
    if (preprocess) return { recipients: rows, preprocess };
    const routes: (Route | undefined)[] = [];
    for (const recipient of recipients) {
      const plan = await planner.plan(recipient, message, signal);
      // The prepare step finds out about all of them.
      if (plan.plan !== 'route' && plan.plan !== 'store') return { recipients: rows, preprocess };
      routes.push(plan.plan === 'route' ? plan.route : undefined);
    }
    return { preprocess, recipients: rows.map((row, index) => ({ ...row, ...(routes[index] && { route: routes[index] }) })) };
  }

  async #receipt(submitted: Submitted | undefined, composed: Composed, key: string | undefined): Promise<SubmitReceipt> {
    if (!submitted) throw new MailspoolError('ESTORE', 'the store gave no answer to a submit');
    if (submitted.result === 'conflict') {
      throw new MailspoolError('EDUPLICATE', `the idempotency key ${JSON.stringify(key)} was used with another message`, { field: 'idempotencyKey' });
    }
    const { id } = submitted;
    if (submitted.result === 'existing') return await this.#existing(submitted);
    this.#parts.engine.events.emit({ type: 'queued', id });
    return { id, existing: false, messageId: composed.messageId, envelope: envelopeOf(composed.envelope.from?.address, composed.recipients) };
  }

  async #existing({ id }: Submitted): Promise<SubmitReceipt> {
    const [message] = await this.#parts.engine.store.get([id]);
    const envelope = envelopeOf(message?.returnPath?.address, message?.recipients ?? []);
    return { id, existing: true, messageId: message?.properties.messageId ?? '', envelope };
  }
}

const never: AbortSignal = new AbortController().signal;

/** nodemailer's envelope: addresses without names; the null return path is false. */
export const envelopeOf = (from: string | undefined, recipients: readonly Recipient[]): SubmitReceipt['envelope'] => ({
  from: from ?? false,
  to: recipients.filter(({ submitted }) => !submitted).map(({ address }) => address),
});

/** Rows that are shown and not sent to have nothing left to happen (M-033). */
const initialStatus = (recipient: Recipient, at: Instant): RecipientState => (recipient.submitted ? { state: 'relayed', at } : { state: 'queued' });

function checkOptions({ priority, sendAt, expiresAt, signal, idempotencyKey }: SubmitOptions): void {
  signal?.throwIfAborted();
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= -9 && priority <= 9)) {
    throw new MailspoolError('EINVALID', `priority ${priority} is not a whole number from -9 to 9`, { field: 'priority' });
  }
  if (expiresAt !== undefined && !Number.isFinite(Number(expiresAt)))
    throw new MailspoolError('EINVALID', 'expiresAt is not a time', { field: 'expiresAt' });
  if (idempotencyKey === '') throw new MailspoolError('EINVALID', 'the idempotency key is empty', { field: 'idempotencyKey' });
  if (sendAt !== undefined) instantOf(sendAt, 0);
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Asked for the message or for one of its recipients: the header is the same for all (M-065). */
function readReceipt({ recipients, properties }: SubmitMessage, { report, reportTo }: SubmitOptions): Pick<ComposeContext, 'readReceiptTo'> {
  if (report?.read !== true && !recipients?.some((recipient) => recipient.report?.read)) return {};
  return { readReceiptTo: reportTo ?? properties?.reportTo ?? true };
}
