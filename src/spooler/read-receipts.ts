// Received mail that was read, or is removed unread, and the report about it. What is marked, and the report, are one
// write: a crash leaves both or neither, so that a report that failed can be asked for again (M-071).
import { MailspoolError } from '../errors.ts';
import { parseAddress, searchKey } from '../message/address-type.ts';
import { defaultMessageClass, type Receipt } from '../message/message.ts';
import type { Address, EntryId, SessionKey } from '../message/recipient.ts';
import { stateNames } from '../message/transitions.ts';
import { readReport, type ReadReportKind } from '../reports/read-report.ts';
import { receiptRequest, type ReceiptConsent } from '../reports/receipt-policy.ts';
import type { NewMessage, Settlement, StoredMessage } from '../store/message-store.ts';
import type { MarkReadOptions, MarkReadResult } from './contract.ts';
import type { Engine } from './engine.ts';
import { firstBytes } from './first-bytes.ts';
import type { Settler } from './settler.ts';
import type { Submission } from './submission.ts';

const headerBytes = 256 * 1024;

interface ReceiptParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly submission: Submission;
  /** The addresses of the account that a session belongs to, in lower case. */
  identities(session: SessionKey): readonly string[];
}

type Refused = Extract<MarkReadResult, { readonly report: 'none' }>;
type Decided = Refused | { readonly report: NewMessage; readonly receipt: Receipt };

export class ReadReceipts {
  readonly #parts: ReceiptParts;

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
  }

  /** `notRead` marks nothing: it is the word on a message that goes unread. */
  async mark(message: StoredMessage, report: ReadReportKind | 'none', options: MarkReadOptions): Promise<MarkReadResult> {
    const decided: Decided = report === 'none' ? { report: 'none', reason: 'notAsked' } : await this.#decide(message, report, options);
    const read = report !== 'notRead' && { read: true };
    if (decided.report === 'none') {
      if (read) await this.#write({ id: message.id, guard: anyState, message: read });
      return decided;
    }
    return await this.#written({ id: message.id, guard: anyState, message: { ...read, receipt: decided.receipt }, submit: [decided.report] });
  }

  /** Removes received mail; whoever wants to know that it was not read is told, as far as policy permits. */
  async remove(message: StoredMessage, report: 'notRead' | 'none'): Promise<void> {
    const settlement = { id: message.id, guard: anyState, then: 'remove' } as const;
    const decided = report === 'none' ? undefined : await this.#decide(message, report, {});
    if (!decided || decided.report === 'none') await this.#write(settlement);
    else await this.#written({ ...settlement, submit: [decided.report] });
  }

  async #decide(message: StoredMessage, kind: ReadReportKind, { consent = 'policy', from }: MarkReadOptions): Promise<Decided> {
    const { engine } = this.#parts;
    if (message.direction !== 'inbound') return { report: 'none', reason: 'notRequested' };
    if (message.receipt) return { report: 'none', reason: 'alreadyReported' };
    if (kind === 'read' && message.headersOnly) return { report: 'none', reason: 'headersOnly' };
    if (kind === 'notRead' && message.read) return { report: 'none', reason: 'wasRead' };
    if (message.properties.messageClass?.toUpperCase().startsWith('REPORT.')) return { report: 'none', reason: 'isReport' };
    const head = await firstBytes(engine.store.readContent(message.content), headerBytes);
    const { to, refusal, originalRecipient } = receiptRequest(head, consent);
    if (refusal) return { report: 'none', reason: refusal };
    const reader = this.#reader(message, from);
    if (await this.#isCopy(message, reader)) return { report: 'none', reason: 'alreadyReported' };
    return await this.#composed(message, { kind, consent, to, reader, head, originalRecipient });
  }

  async #composed(message: StoredMessage, asked: Asked): Promise<Decided> {
    const { engine, submission } = this.#parts;
    const { kind, consent, to, reader, head, originalRecipient } = asked;
    const now = engine.clock.now();
    const report = await submission.report(
      readReport({
        kind,
        consent,
        reader,
        to,
        now,
        random: engine.random,
        hostname: engine.hostname,
        original: {
          properties: { messageClass: defaultMessageClass, ...message.properties },
          recipients: message.recipients,
          head,
          ...(originalRecipient !== undefined && { originalRecipient }),
        },
      }),
      message,
    );
    // The same for every copy: of several calls at once, one writes.
    const idempotencyKey = `receipt ${message.properties.messageId ?? message.id} ${searchKey(reader)}`;
    return { report: { ...report, idempotencyKey }, receipt: { report: kind, at: now, reader: searchKey(reader) } };
  }

  /** @throws EINVALID where nobody can be named */
  #reader({ session, recipients }: StoredMessage, from: MarkReadOptions['from']): Address {
    if (from !== undefined) return parseAddress(from, 'from');
    const identities = session === undefined ? [] : this.#parts.identities(session);
    const own = recipients.find(({ type, address }) => type === 'SMTP' && identities.includes(address.toLowerCase()));
    const [identity] = identities;
    const reader: Address | undefined = own ?? (identity === undefined ? onlyOne(recipients) : { type: 'SMTP', address: identity });
    if (reader) return { type: reader.type, address: reader.address, ...(reader.name !== undefined && { name: reader.name }) };
    throw new MailspoolError('EINVALID', 'from: who has read the message is not known', {
      field: 'from',
      remedy: 'Give from, or the account its identities.',
    });
  }

  /** Whether a copy of the same message was reported on, for the same reader (M-071). */
  async #isCopy({ properties: { messageId } }: StoredMessage, reader: Address): Promise<boolean> {
    if (messageId === undefined) return false;
    const { store } = this.#parts.engine;
    const copies = await store.get(await store.lookup({ messageId }));
    return copies.some((copy) => copy?.direction === 'inbound' && copy.receipt?.reader === searchKey(reader));
  }

  async #written(settlement: Settlement): Promise<MarkReadResult> {
    const id = await this.#write(settlement);
    if (id === undefined) return { report: 'none', reason: 'alreadyReported' };
    this.#parts.engine.events.emit({ type: 'queued', id });
    return { report: 'written', id };
  }

  async #write(settlement: Settlement): Promise<EntryId | undefined> {
    const settled = await this.#parts.settler.settle(settlement);
    if (settled.result === 'notFound') throw new MailspoolError('ENOTFOUND', `there is no message ${settlement.id}`, { field: 'id' });
    return settled.submitted?.[0];
  }
}

interface Asked {
  readonly kind: ReadReportKind;
  readonly consent: ReceiptConsent;
  readonly to: readonly Address[];
  readonly reader: Address;
  readonly head: Uint8Array;
  readonly originalRecipient: string | undefined;
}

const anyState = { from: stateNames } as const;

const onlyOne = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined);
