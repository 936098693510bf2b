// What becomes of messages in the embedded engine: stored or refused, received, expired, removed; and what is told of it.
// Everything that one call causes is one commit: acknowledgements, copies in journals, dead letters.
import type { Instant } from 'mailspool/provider';
import { acknowledgementOf, carriesBody } from '../acknowledgement.ts';
import type { QueueKey, Send } from '../engine.ts';
import { parseFormatName, queueKey } from '../format-name.ts';
import type { Acknowledgement, NegativeAcknowledgement } from '../message-class.ts';
import { defaultProperties, type QueueProperties } from '../properties.ts';
import { type MessageId, type MessageRecord, sizeOf } from '../queued-message.ts';
import type { MessageRow, QueueRow, Tables } from './tables.ts';

export const journalOf = (queue: QueueKey): QueueKey => `${queue};journal`;
export const outgoingTo = (host: string): QueueKey => `outgoing;${host.toLowerCase()}`;
export const systemQueue = { journal: 'system$;journal', deadLetter: 'system$;deadletter', deadXact: 'system$;deadxact' } as const;

export interface RuleOptions {
  /** Names of this computer, in lower case. */
  readonly hosts: readonly string[];
  readonly sendInsecureNacks: boolean;
  /** Of all queues together, journals and dead letters too. */
  readonly machineQuotaKb?: number;
}

const bytesPerKb = 1_024;

export class Rules {
  /** Queues that messages came to since it was last asked. */
  readonly arrived = new Set<QueueKey>();
  readonly #tables: Tables;
  readonly #options: RuleOptions;

  constructor(tables: Tables, options: RuleOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  /** Puts a message where it is to go; what a queue refuses is told, and is a dead letter where that was asked. */
  send({ to, record, body }: Send, now: Instant): MessageId {
    const message: MessageRecord = { ...record, id: this.#tables.nextId() };
    if ('host' in to) this.#enqueue(this.#outgoing(to.host), message, body, earliest(message.reachBefore, message.receiveBefore));
    else this.#arrive(to.queue, message, body, now);
    return message.id;
  }

  /** Bytes that are there; what would go beyond the machine's quota is refused as a whole. */
  exceedsMachineQuota(sends: readonly Send[]): boolean {
    const { machineQuotaKb } = this.#options;
    if (machineQuotaKb === undefined) return false;
    const more = sends.reduce((sum, { record, body }) => sum + sizeOf(record, body), 0);
    return this.#tables.allBytes() + more > machineQuotaKb * bytesPerKb;
  }

  /** An application takes it: it is told, and copied to the journal. */
  received(row: MessageRow, now: Instant): void {
    this.#tables.remove(row);
    const queue = this.#tables.queueById(row.queue);
    if (!queue || isKept(queue.queue)) return;
    if (queue.properties.journal) this.#copyToJournal(queue, row);
    this.#acknowledge(row.record, row.body, 'ack.receive', now);
    if (row.record.transactional && row.record.journal.copy) this.#put(systemQueue.journal, row.record, row.body);
  }

  /** It is past its time, or its queue was emptied or deleted. */
  gone(row: MessageRow, why: NegativeAcknowledgement, now: Instant): void {
    this.#tables.remove(row);
    const queue = this.#tables.queueById(row.queue);
    if (queue && !isKept(queue.queue)) this.#failed(row.record, row.body, why, now);
  }

  expired(row: MessageRow, now: Instant): void {
    const isOutgoing = this.#tables.queueById(row.queue)?.queue.startsWith('outgoing;') ?? false;
    this.gone(row, isOutgoing ? 'nack.reachQueueTimeout' : 'nack.receiveTimeout', now);
  }

  #arrive(name: QueueKey, message: MessageRecord, body: Uint8Array, now: Instant): void {
    const queue = this.#tables.queue(name);
    const refusal = queue ? refusalOf(queue, message, body) : 'nack.badDestinationQueue';
    if (refusal !== undefined) return this.#failed(message, body, refusal, now);
    this.#acknowledge(message, body, 'ack.reachQueue', now);
    if (message.receiveBefore !== undefined && message.receiveBefore <= now) return this.#failed(message, body, 'nack.receiveTimeout', now);
    this.#enqueue(name, { ...message, arrivedAt: now }, body, message.receiveBefore);
    // The next hop has it: this queue. Of transactional ones that is known when they are received.
    if (message.journal.copy && !message.transactional) this.#put(systemQueue.journal, message, body);
  }

  #failed(message: MessageRecord, body: Uint8Array, why: NegativeAcknowledgement, now: Instant): void {
    this.#acknowledge(message, body, why, now);
    if (!message.journal.deadLetter || message.class !== 'normal') return;
    // There the class tells the reason.
    this.#put(message.transactional ? systemQueue.deadXact : systemQueue.deadLetter, { ...message, class: why }, body);
  }

  #acknowledge(original: MessageRecord, body: Uint8Array, acknowledgement: Acknowledgement, now: Instant): void {
    const { sendInsecureNacks } = this.#options;
    const record = acknowledgementOf(original, acknowledgement, { now, sendInsecureNacks, fromElsewhere: false });
    if (!record) return;
    const to = this.#placeOf(record.destination);
    if (!to) return;
    // Undeliverable ones are dropped.
    if ('queue' in to && this.#tables.queue(to.queue)?.properties.transactional !== false) return;
    this.send({ to, record, body: carriesBody(acknowledgement) ? body : new Uint8Array() }, now);
  }

  #placeOf(formatName: string): Send['to'] | undefined {
    const format = parseFormatName(formatName);
    if (format.kind !== 'direct') return undefined;
    const host = format.path.host.toLowerCase();
    return this.#options.hosts.includes(host) ? { queue: queueKey(format.path) } : { host };
  }

  /** The receive succeeds, whether there is room for the copy or not. */
  #copyToJournal({ queue, properties }: QueueRow, { record, body, bytes }: MessageRow): void {
    const journal = this.#tables.queue(journalOf(queue));
    const quotaBytes = (properties.journalQuotaKb ?? Number.POSITIVE_INFINITY) * bytesPerKb;
    if (journal && journal.bytes + bytes <= quotaBytes) this.#put(journal.queue, record, body);
  }

  #outgoing(host: string): QueueKey {
    const name = outgoingTo(host);
    if (!this.#tables.queue(name)) this.#tables.addQueue(name, defaultProperties);
    return name;
  }

  /** In journals and among dead letters nothing expires. */
  #put(queue: QueueKey, record: MessageRecord, body: Uint8Array): void {
    this.#enqueue(queue, record, body, undefined);
  }

  #enqueue(name: QueueKey, record: MessageRecord, body: Uint8Array, deadline: Instant | undefined): void {
    const queue = this.#tables.queue(name);
    if (!queue) return;
    this.#tables.put({ queue: queue.id, record, body, bytes: sizeOf(record, body), deadline });
    this.arrived.add(name);
  }
}

/** Journals and dead letters: what became of those messages was told before. */
const isKept = (queue: QueueKey): boolean => queue.startsWith('system$;') || queue.endsWith(';journal');

/** Why a queue does not take a message. */
function refusalOf({ properties, bytes }: QueueRow, message: MessageRecord, body: Uint8Array): NegativeAcknowledgement | undefined {
  if (message.class === 'normal' && message.transactional !== properties.transactional)
    return message.transactional ? 'nack.notTransactionalQueue' : 'nack.notTransactionalMessage';
  return exceeds(properties, bytes + sizeOf(message, body)) ? 'nack.queueExceedsQuota' : undefined;
}

const exceeds = ({ quotaKb }: QueueProperties, bytes: number): boolean => quotaKb !== undefined && bytes > quotaKb * bytesPerKb;

const earliest = (one: Instant | undefined, other: Instant | undefined): Instant | undefined =>
  one === undefined ? other : other === undefined ? one : Math.min(one, other);
