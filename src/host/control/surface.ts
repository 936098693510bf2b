// What of a spooler can be reached through the control socket, and what a stranger on the other end may hand to it.
import { z } from 'zod';
import { MailspoolError } from '../../errors.ts';
import type { Cursor, EntryId, SessionKey, StateName } from '../../message/recipient.ts';
import type { SendAt, SubmitMessage, SubmitOptions } from '../../message/submit-message.ts';
import { stateNames } from '../../message/transitions.ts';
import type { Mark } from '../../message/message.ts';
import type { ValidateRequest } from '../../provider/transport-session.ts';
import type { Spooler, StatusObject } from '../../spooler/contract.ts';
import type { MessageFilter } from '../../store/message-store.ts';

/** The command line runs against this, whether the spooler is in its own process or in another. */
export type SpoolerSurface = Pick<
  Spooler,
  | ('submit' | 'settled' | 'list' | 'get' | 'raw' | 'explain' | 'changes' | 'status')
  | ('cancel' | 'reschedule' | 'retry' | 'hold' | 'release' | 'purge' | 'resolve' | 'clone')
  | ('flush' | 'suspend' | 'resume' | 'listAccounts' | 'setTransportOrder' | 'mark')
> & {
  /** Of what stands behind a row, what can be asked from elsewhere. */
  statusObject(row: SessionKey): Pick<StatusObject, 'validateState'>;
};

/** nodemailer's fields that carry the message itself. Those that read files, write caches or run code stay at home. */
const messageFields = new Set([
  ...['from', 'sender', 'to', 'cc', 'bcc', 'replyTo', 'inReplyTo', 'references', 'subject', 'date', 'messageId', 'headers', 'list', 'priority'],
  ...['text', 'html', 'watchHtml', 'amp', 'icalEvent', 'attachments', 'alternatives', 'raw', 'envelope', 'encoding', 'textEncoding'],
  ...['recipients', 'properties'],
]);
const contentFields = ['text', 'html', 'watchHtml', 'amp', 'icalEvent', 'attachments', 'alternatives', 'raw'] as const;
const optionFields = new Set([
  ...['account', 'tenant', 'priority', 'guarantee', 'onUnknown', 'report', 'afterSend', 'envelopeId', 'options', 'deliverBy'],
  ...['sendAt', 'expiresAt', 'reportTo', 'idempotencyKey'],
]);

/**
 * A message as it may come over the socket: bytes, never the name of a file or a URL to read them from.
 * @throws EINVALID naming the field
 */
export function submittedMessage(value: unknown): SubmitMessage {
  const fields = plainRecord(value, 'message', messageFields);
  for (const field of contentFields) refuseReferences(fields[field], field);
  return { ...fields, disableFileAccess: true, disableUrlAccess: true };
}

export const submitOptions = (value: unknown): SubmitOptions => plainRecord(value ?? {}, 'options', optionFields);

function plainRecord(value: unknown, what: string, known: ReadonlySet<string>): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, `${what} is not an object`);
  for (const key of Object.keys(value)) if (!known.has(key)) throw invalid(key, `${key} cannot be given through the control socket`);
  return value as Record<string, unknown>;
}

function refuseReferences(value: unknown, field: string): void {
  if (Array.isArray(value)) value.forEach((item, at) => refuseReferences(item, `${field}[${at}]`));
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array || Symbol.asyncIterator in value) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'path' || key === 'href')
      throw invalid(
        `${field}.${key}`,
        `${field}.${key}: content cannot be named by path or URL here`,
        'Read it yourself and send the bytes as content.',
      );
    refuseReferences(inner, `${field}.${key}`);
  }
}

const invalid = (field: string, text: string, remedy?: string) =>
  new MailspoolError('EINVALID', text, { field, ...(remedy === undefined ? {} : { remedy }) });

const identifier = z.string().min(1).max(256);
const state = z.enum(stateNames);
const filterSchema = z.strictObject({
  folder: z.string().optional(),
  direction: z.enum(['outbound', 'inbound']).optional(),
  account: z.string().optional(),
  tenant: z.string().optional(),
  ids: z.array(identifier).optional(),
  states: z.array(state).optional(),
  recipient: z.string().optional(),
  route: z.strictObject({ session: z.string(), destination: z.string().optional() }).optional(),
  session: z.string().optional(),
  headersOnly: z.boolean().optional(),
  marked: z.boolean().optional(),
});

export const entryId = (value: unknown): EntryId => parsed(identifier, value, 'id') as EntryId;
export const messageFilter = (value: unknown): MessageFilter => parsed(filterSchema, value ?? {}, 'filter') as MessageFilter;
export const idOrFilter = (value: unknown): EntryId | MessageFilter => (typeof value === 'string' ? entryId(value) : messageFilter(value));
export const bulkOptions = (value: unknown): { reason?: string; dryRun?: boolean } =>
  parsed(z.strictObject({ reason: z.string().optional(), dryRun: z.boolean().optional() }), value ?? {}, 'options');
export const purgeOptions = (value: unknown): { reason?: string; dryRun?: boolean; report?: 'notRead' | 'none' } =>
  parsed(
    z.strictObject({ reason: z.string().optional(), dryRun: z.boolean().optional(), report: z.enum(['notRead', 'none']).optional() }),
    value ?? {},
    'options',
  );
export const markOrNone = (value: unknown): Mark | null => parsed(z.enum(['download', 'delete', 'move']).nullable(), value ?? null, 'mark');
const validateSchema = z.strictObject({
  configChanged: z.boolean().optional(),
  refreshHeaders: z.boolean().optional(),
  processHeaders: z.boolean().optional(),
  abort: z.boolean().optional(),
});
export const validateRequest = (value: unknown): ValidateRequest => parsed(validateSchema, value ?? {}, 'request') as ValidateRequest;
export const sessionName = (value: unknown): SessionKey => parsed(identifier, value, 'session') as SessionKey;
export const recipientId = (value: unknown): number => parsed(z.int().min(0), value, 'recipient');
export const verdict = (value: unknown): 'accepted' | 'rejected' | 'notSent' => parsed(z.enum(['accepted', 'rejected', 'notSent']), value, 'verdict');
export const sessionKey = (value: unknown): SessionKey | undefined =>
  value === undefined || value === null ? undefined : (parsed(identifier, value, 'session') as SessionKey);
export const sessionKeys = (value: unknown): SessionKey[] => parsed(z.array(identifier).max(1000), value, 'order') as SessionKey[];
const sendAtSchema = z.union([
  z.number(),
  z.strictObject({ afterMs: z.number() }),
  z.strictObject({ local: z.string(), timeZone: z.string() }),
  z.strictObject({ number: z.number(), unit: z.enum(['minute', 'hour', 'day', 'week']) }),
]);
export const sendAt = (value: unknown): Exclude<SendAt, Date> => parsed(sendAtSchema, value, 'sendAt');
const flushSchema = z.strictObject({
  inbound: z.boolean().optional(),
  outbound: z.boolean().optional(),
  headersOnly: z.boolean().optional(),
  maxSizeBytes: z.number().optional(),
  sessions: z.array(identifier).optional(),
  async: z.boolean().optional(),
});
export const flushOptions = (value: unknown): NonNullable<Parameters<Spooler['flush']>[0]> =>
  parsed(flushSchema, value ?? {}, 'options') as NonNullable<Parameters<Spooler['flush']>[0]>;
export const statusOptions = (value: unknown): { atOnce?: boolean } =>
  parsed(z.strictObject({ atOnce: z.boolean().optional() }), value ?? {}, 'options');
export const untilStates = (value: unknown): { until?: StateName[] } =>
  parsed(z.strictObject({ until: z.array(state).optional() }), value ?? {}, 'options');
export const afterCursor = (value: unknown): { after?: Cursor } =>
  parsed(z.strictObject({ after: z.string().optional() }), value ?? {}, 'options') as { after?: Cursor };

function parsed<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [field, ...(issue?.path ?? [])].map(String).join('.');
  throw invalid(path, `${path}: ${issue?.message ?? 'not acceptable'}`);
}
