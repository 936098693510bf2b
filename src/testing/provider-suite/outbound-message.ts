// A message to hand over, without an engine: what a provider sees, and what it did with it.
import { Readable } from 'node:stream';
import type { Bytes, Content } from '../../message/message.ts';
import type { RecipientOutcome } from '../../message/outcome.ts';
import type { EntryId, Recipient, RecipientRow } from '../../message/recipient.ts';
import type { OutboundMessage, SubmitResult } from '../../provider/transport-session.ts';

/** What a test says of a message; everything else has a plain default. */
export interface OutboundDraft extends Partial<Omit<OutboundMessage, 'recipients' | 'content' | 'returnPath' | 'id'>> {
  readonly id?: string;
  /** An SMTP address; null is the null return path. */
  readonly from?: string | null;
  /** SMTP addresses, or whole recipients; they are numbered from 1. */
  readonly to?: readonly (string | (Partial<Recipient> & { readonly address: string }))[];
  /** The content, or what makes a stream of it. */
  readonly raw?: Uint8Array | string | (() => Readable);
  /** Needed with a stream only. */
  readonly sizeBytes?: number;
}

/** An `OutboundMessage` that counts the calls of `handingOver` and keeps what was saved. */
export interface DraftedMessage extends OutboundMessage {
  readonly saved: RecipientOutcome[];
  readonly handOvers: number;
}

let count = 0;

/** A message to hand over to a session's `submitMessage`, without a spooler. */
export function outboundMessage(draft: OutboundDraft = {}): DraftedMessage {
  const {
    id = `m${++count}`,
    from = 'ann@mailspool.test',
    to = ['bob@mailspool.test'],
    raw = 'Subject: hello\r\n\r\nhello\r\n',
    sizeBytes,
    ...rest
  } = draft;
  const recipients = to.map((one, index) => recipient(one, index + 1));
  const saved: RecipientOutcome[] = [];
  const calls = { handOvers: 0 };
  return {
    id: id as EntryId,
    direction: 'outbound',
    folder: 'Outbox',
    properties: {},
    recipients,
    allRecipients: recipients.map((one): RecipientRow => ({ ...one, status: { state: 'queued' }, attempts: 0 })),
    returnPath: from === null ? null : { type: 'SMTP', address: from },
    sizeBytes: sizeBytes ?? (typeof raw === 'function' ? 0 : Buffer.byteLength(raw)),
    content: content(raw, sizeBytes),
    priority: 0,
    report: {},
    afterSend: {},
    guarantee: 'atLeastOnce',
    onUnknown: 'resend',
    attempt: 1,
    deferred: false,
    reference: '0',
    saved,
    get handOvers() {
      return calls.handOvers;
    },
    setProperties: () => undefined,
    saveChanges: async (outcomes) => void saved.push(...outcomes),
    handingOver: async () => void calls.handOvers++,
    ...rest,
  };
}

/** One word for each recipient, as `1:accepted`. */
export const summary = (message: OutboundMessage, result: SubmitResult): readonly string[] =>
  'outcome' in result
    ? message.recipients.map(({ id }) => `${id}:${result.outcome}`)
    : [...result].sort((a, b) => a.recipient - b.recipient).map(({ recipient, outcome }) => `${recipient}:${outcome}`);

function recipient(one: string | (Partial<Recipient> & { readonly address: string }), id: number): Recipient {
  return { id, kind: 'to', type: 'SMTP', ...(typeof one === 'string' ? { address: one } : one) };
}

function content(raw: Uint8Array | string | (() => Readable), size: number | undefined): Content {
  if (typeof raw === 'function') return { sizeBytes: size ?? 0, stream: raw, bytes: async () => collect(raw()) };
  const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
  return { sizeBytes: size ?? bytes.length, stream: () => Readable.from([bytes]), bytes: async () => bytes };
}

/** All bytes of a stream or an array. */
export async function collect(source: Bytes): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
