// Who a message goes to and who it is from: address fields, typed recipients and nodemailer's `envelope` made into one
// list of recipients (M-032, M-033).
import { MailspoolError } from '../errors.ts';
import type { Address, Recipient, RecipientInput } from './recipient.ts';
import { defaultAddressType, parseAddress, searchKey } from './address-type.ts';
import { addressesOf, parseAddressField, type AddressEntry } from './address-field.ts';

/** The address fields of a message, read. */
export interface AddressFields {
  readonly from: readonly AddressEntry[];
  readonly sender: readonly AddressEntry[];
  readonly replyTo: readonly AddressEntry[];
  readonly to: readonly AddressEntry[];
  readonly cc: readonly AddressEntry[];
  readonly bcc: readonly AddressEntry[];
}

export interface Envelope {
  /** null: the null return path. */
  readonly from: Address | null;
  readonly to: readonly Address[];
}

type Row = Omit<Recipient, 'id'>;

/**
 * The recipients in the order to, cc, bcc, `recipients`, numbered from 1; of duplicates the first stays and takes over
 * what only the later one says (M-032). Rows `submitted` are shown and not sent to; they duplicate nobody (M-033).
 * @param envelope nodemailer's: its recipients stand instead of those of the fields
 * @throws ENORECIPIENTS, EINVALID
 */
export function recipientsOf(fields: AddressFields, inputs: readonly RecipientInput[] = [], envelope?: object): Recipient[] {
  const rows = [...(envelope ? envelopeRows(envelope, fields) : fieldRows(fields)), ...inputs.map(inputRow)];
  const unique = new Map<string, Row>();
  for (const row of rows) {
    const key = `${searchKey(row)}${row.submitted ? '\nsubmitted' : ''}`;
    const known = unique.get(key);
    unique.set(key, known ? { ...row, ...known } : row);
  }
  const recipients = Array.from(unique.values(), (row, index) => ({ id: index + 1, ...row }));
  if (recipients.every(({ submitted }) => submitted)) throw new MailspoolError('ENORECIPIENTS', 'the message has no recipient', { field: 'to' });
  return recipients;
}

/**
 * The envelope's sender: what `envelope` says, else From, else Sender, else `fallback`.
 * @throws EINVALID if SMTP recipients are to get a message from nobody
 */
export function returnPathOf(fields: AddressFields, recipients: readonly Recipient[], envelope?: object, fallback?: Address): Address | null {
  if (envelope && 'from' in envelope && envelope.from !== undefined) return nullableAddress(envelope.from, 'envelope.from');
  const from = addressesOf(fields.from)[0] ?? addressesOf(fields.sender)[0] ?? fallback;
  if (from) return from;
  if (!recipients.some(({ type }) => type === defaultAddressType)) return null;
  throw new MailspoolError('EINVALID', 'from: the message has no sender', {
    field: 'from',
    remedy: 'Give from, or an envelope with from: null for the null return path.',
  });
}

function nullableAddress(value: unknown, field: string): Address | null {
  if (typeof value === 'string' && /^\s*(?:<\s*>)?\s*$/.test(value)) return null;
  return addressesOf(parseAddressField(value, field))[0] ?? null;
}

const fieldRows = (fields: AddressFields): Row[] =>
  (['to', 'cc', 'bcc'] as const).flatMap((kind) => addressesOf(fields[kind]).map((address) => ({ kind, ...address })));

/** What is not shown in To or Cc is a blind copy. */
function envelopeRows(envelope: object, fields: AddressFields): Row[] {
  const shown = new Map(fieldRows(fields).map((row) => [searchKey(row), row]));
  const given: Record<string, unknown> = { ...envelope };
  return ['to', 'cc', 'bcc'].flatMap((name) =>
    addressesOf(parseAddressField(given[name], `envelope.${name}`)).map((address) => ({
      kind: 'bcc' as const,
      ...shown.get(searchKey(address)),
      ...address,
    })),
  );
}

function inputRow(input: RecipientInput, index: number): Row {
  const field = `recipients[${index}]`;
  if ('list' in input) throw new MailspoolError('EINVALID', `${field}: the list ${JSON.stringify(input.list)} is not known`, { field });
  const { kind = 'to', submitted, report, originalRecipient, options } = input;
  if (!['to', 'cc', 'bcc', 'p1'].includes(kind))
    throw new MailspoolError('EINVALID', `${field}.kind is none of to, cc, bcc, p1`, { field: `${field}.kind` });
  const more = { submitted, report, originalRecipient, options };
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  return { kind, ...parseAddress(input, field), ...given };
}
