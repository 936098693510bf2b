// Which reports a settlement owes, ready to be written in the same commit (M-064 to M-068, T-043).
import type { Composed } from '../message/composed.ts';
import { defaultMessageClass, folders } from '../message/message.ts';
import type { RecipientRow, RecipientState, SessionKey } from '../message/recipient.ts';
import { deliveryReport, type ReportedRecipient, type ReportFacts, type ReportKind } from '../reports/delivery-report.ts';
import { reportAddressee, wantsReport } from '../reports/report-policy.ts';
import type { NewMessage, RecipientChange, StoredMessage } from '../store/message-store.ts';
import { isPermitted } from '../message/transitions.ts';
import type { Engine } from './engine.ts';
import { firstBytes } from './first-bytes.ts';
import type { Settler } from './settler.ts';

const inlineBytes = 64 * 1024;
/** A larger original comes back as its headers. */
const returnedBytes = 32 * 1024 * 1024;
const headerBytes = 64 * 1024;
/** Names the spooler where a session would stand. */
export const reportSession = 'spooler' as SessionKey;

export class ReportWriter {
  readonly #engine: Engine;
  readonly #settler: Settler;

  constructor(engine: Engine, settler: Settler) {
    this.#engine = engine;
    this.#settler = settler;
  }

  /** Non-delivery and delivery reports that these changes owe. */
  async due(message: StoredMessage, changes: readonly RecipientChange[], inline?: Uint8Array): Promise<NewMessage[]> {
    if (!changes.some(({ status }) => status && isReportable(status))) return [];
    const rows = await this.#stillDue(message, changes);
    const failed = rows.filter(({ status }) => status === 'failed');
    const arrived = rows.filter(({ status }) => status !== 'failed');
    return [...(await this.#report('nonDelivery', message, failed, inline)), ...(await this.#report('delivery', message, arrived, inline))];
  }

  /** Where somebody is to be told, what was said meanwhile counts: nobody hears twice, or of a failure that was none (M-063, T-043). */
  async #stillDue(message: StoredMessage, changes: readonly RecipientChange[]): Promise<ReportedRecipient[]> {
    const rows = changes.flatMap((change) => reported(message, change));
    const told = rows.some(({ recipient, status }) => wantsReport(status === 'failed' ? 'nonDelivery' : 'delivery', message.report, recipient));
    if (!told) return rows;
    const [current] = await this.#engine.store.get([message.id]);
    return rows.filter(({ recipient: { id } }) => {
      const now = current?.recipients.find((row) => row.id === id)?.status.state;
      const change = changes.find(({ recipient }) => recipient === id)?.status?.state;
      return now === undefined || change === undefined || isPermitted(now, change);
    });
  }

  /** The warning that these recipients still wait. */
  async delay(message: StoredMessage, rows: readonly RecipientRow[], inline?: Uint8Array): Promise<NewMessage[]> {
    const { expiresAt } = message.properties;
    const delayed = rows.map((recipient): ReportedRecipient => ({
      recipient,
      status: 'delayed',
      ...(recipient.last && { diagnostic: recipient.last }),
      ...(expiresAt !== undefined && { willRetryUntil: expiresAt }),
    }));
    return await this.#report('delay', message, delayed, inline);
  }

  async #report(kind: ReportKind, message: StoredMessage, rows: readonly ReportedRecipient[], inline?: Uint8Array): Promise<NewMessage[]> {
    const to = reportAddressee(message);
    if (!to && kind === 'nonDelivery' && rows.length > 0) this.#deadLetter(message);
    const wanted = rows.filter(({ recipient }) => wantsReport(kind, message.report, recipient));
    if (!to || wanted.length === 0) return [];
    const written = async (withOriginal: boolean) =>
      await this.#settler.persistently(async () => [await this.#written({ kind, message, to, wanted, withOriginal }, inline)]);
    if (kind === 'delivery') return await written(false);
    try {
      return await written(true);
    } catch (error) {
      // The content is damaged, or its retention over (T-003). What became of the message is known all the same, and must be told.
      this.#engine.logger.error({ error, id: message.id }, 'a report goes without the original, which cannot be read');
      return await written(false);
    }
  }

  async #written({ kind, message, to, wanted, withOriginal }: Wanted, inline?: Uint8Array): Promise<NewMessage> {
    const { clock, random, hostname } = this.#engine;
    const { properties, recipients, submitTime, envelopeId } = message;
    const returned = withOriginal ? await this.#returned(message, inline) : undefined;
    const report = deliveryReport({
      kind,
      to,
      rows: wanted,
      now: clock.now(),
      random,
      reportingMta: hostname,
      original: { properties, recipients, ...(submitTime !== undefined && { submitTime }), ...(envelopeId !== undefined && { envelopeId }) },
      ...(returned && { returned }),
    });
    return await this.#newMessage(report, message);
  }

  /** Nobody to tell: the record stays, and the operator hears of it (T-045). */
  #deadLetter({ id }: StoredMessage): void {
    const text = `${id} could not be delivered, and has no sender to tell`;
    this.#engine.logger.error({ id }, text);
    this.#engine.events.emit({ type: 'warning', diagnostic: { code: 'ENOROUTE', text } });
  }

  /** The original as it was at submit (M-066). */
  async #returned(message: StoredMessage, inline?: Uint8Array): Promise<ReportFacts['returned']> {
    const { store } = this.#engine;
    const ref = message.submitted ?? message.content;
    const full = message.report.returns !== 'headers' && ref.sizeBytes <= returnedBytes;
    if (inline && !message.submitted) return { part: full ? 'full' : 'headers', bytes: inline };
    if (full && ref.sizeBytes > inlineBytes) return { part: 'full', bytes: store.readContent(ref) };
    const bytes = await firstBytes(store.readContent(ref), full ? ref.sizeBytes : headerBytes);
    return { part: full ? 'full' : 'headers', bytes };
  }

  async #newMessage({ source, properties, recipients }: Composed, original: StoredMessage): Promise<NewMessage> {
    const small = source instanceof Uint8Array && source.byteLength <= inlineBytes;
    const content = small ? { inline: source } : await this.#engine.store.putContent(source instanceof Uint8Array ? once(source) : source);
    const now = this.#engine.clock.now();
    const onWire = this.#engine.reports === 'wire';
    return {
      content,
      properties: { messageClass: defaultMessageClass, ...properties, ...(onWire && { expiresAt: now + this.#engine.retry.lifetimeMs }) },
      recipients: recipients.map((recipient) => ({ ...recipient, status: onWire ? { state: 'queued' } : { state: 'delivered', at: now } })),
      returnPath: null,
      folder: onWire ? folders.outbox : folders.inbox,
      submitTime: now,
      priority: original.priority,
      report: { nonDelivery: false, delay: false },
      afterSend: onWire ? { delete: true } : {},
      guarantee: 'atLeastOnce',
      onUnknown: 'resend',
      ...(original.account !== undefined && { account: original.account }),
      ...(original.tenant !== undefined && { tenant: original.tenant }),
      ...(!onWire && { receivedBy: reportSession }),
    };
  }
}

interface Wanted {
  readonly kind: ReportKind;
  readonly message: StoredMessage;
  readonly to: ReportFacts['to'];
  readonly wanted: readonly ReportedRecipient[];
  readonly withOriginal: boolean;
}

const isReportable = ({ state }: RecipientState): boolean =>
  state === 'failed' || state === 'expired' || state === 'delivered' || state === 'relayed';

function reported({ recipients }: StoredMessage, { recipient: id, status }: RecipientChange): ReportedRecipient[] {
  const recipient = recipients.find((row) => row.id === id);
  if (!recipient || !status) return [];
  switch (status.state) {
    case 'failed':
    case 'expired':
      return [{ recipient, status: 'failed', diagnostic: status.diagnostic, at: status.at }];
    case 'relayed':
      // Two systems would report one delivery (RFC 3461 5.2.2).
      return status.reportsFollow ? [] : [{ recipient, status: status.state, at: status.at }];
    case 'delivered':
      return [{ recipient, status: status.state, at: status.at }];
    default:
      return [];
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
