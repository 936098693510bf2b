// From the fields of a program to the bytes, recipients and properties of a message. nodemailer's MailComposer builds
// the MIME tree; addresses, envelope, identifiers and everything that could inject are settled before it sees them.
import MailComposer from 'nodemailer/lib/mail-composer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { MailspoolError } from '../errors.ts';
import type { Address, Recipient } from './recipient.ts';
import type { Bytes, MessageProperties } from './message.ts';
import type { SubmitMessage } from './submit-message.ts';
import { addressesOf, type AddressEntry } from './address-field.ts';
import { parseAddress } from './address-type.ts';
import { givenImportance, propertiesOf, type ComposeContext, type Composed } from './composed.ts';
import { checkedContents, type Access } from './content.ts';
import { dataImages } from './data-images.ts';
import { deliveryRequest } from './delivery-request.ts';
import { signed } from './dkim.ts';
import { recipientsOf, returnPathOf, type AddressFields } from './envelope.ts';
import { singleLine, singleLines } from './header-injection.ts';
import { encapsulate } from './imcea.ts';
import { listHeaders } from './list-headers.ts';
import { domainOf, formatDate, newMessageId } from './message-id.ts';
import { composeRaw } from './parse.ts';
import { receiptAddressee, receiptField } from './receipt-request.ts';
import { type HeaderAddress, type HeaderValues, plainMessage } from './plain-text.ts';
import { serialise } from './serialise.ts';
import { takeFields, type GivenFields } from './given-fields.ts';

/**
 * Composes a message; the same input, time and randomness give the same bytes (T-013). Bcc is never in them.
 * @throws EINVALID naming the field, ENORECIPIENTS; nothing was read then but the headers of `raw`
 */
export async function compose(message: SubmitMessage, context: ComposeContext): Promise<Composed> {
  const dsn = deliveryRequest(message.dsn);
  const composed = message.raw === undefined || message.raw === null ? composeFields(message, context) : await composeRaw(message, context);
  const source = message.dkim ? await signed(composed.source, message.dkim) : composed.source;
  if (!dsn) return { ...composed, source };
  return { ...composed, source, requested: { ...dsn, report: { ...composed.requested?.report, ...dsn.report } } };
}

function composeFields(message: SubmitMessage, context: ComposeContext): Composed {
  const given = takeFields(message);
  const recipients = recipientsOf(given.addresses, message.recipients, envelopeOf(message));
  const fallback = context.defaultFrom === undefined ? undefined : parseAddress(context.defaultFrom, 'defaultFrom');
  const from = returnPathOf(given.addresses, recipients, envelopeOf(message), fallback);
  const sender = addressesOf(given.addresses.from)[0] ?? fallback ?? from ?? undefined;
  const entropy = context.random.bytes(18);
  const messageId = given.messageId ?? newMessageId(sender, context, entropy.subarray(0, 10));
  const header = headerOf(message, given, { recipients, sender, messageId, context });
  const receipt = receiptHeader(given.headers, context, sender);
  const further = { headers: [...given.headers, ...receipt], boundary: entropy.subarray(10), context };
  const isPlain = priorityHeaders(givenImportance(message)).length === 0 && receipt.length === 0;
  const source = (isPlain && plainMessage(message, header)) || serialise(compile(message, header, further));
  refuseLongLines(source);
  return {
    source,
    envelope: { from, to: recipients.filter(({ submitted }) => !submitted) },
    recipients,
    properties: propertiesOf(message, { messageId, subject: given.subject, sender }, context.now),
    messageId,
    ...(further.headers.some(isReceiptField) && { requested: { report: { read: true } } }),
  };
}

/** What is asked for, unless the program gives the header itself. */
function receiptHeader(given: GivenFields['headers'], context: ComposeContext, sender: Address | undefined): GivenFields['headers'] {
  const value = receiptAddressee(context, sender);
  return value === undefined || given.some(isReceiptField) ? [] : [{ key: receiptField, value: { prepared: true, foldLines: true, value } }];
}

const isReceiptField = ({ key }: GivenFields['headers'][number]): boolean => key.toLowerCase() === receiptField.toLowerCase();

const envelopeOf = (message: SubmitMessage): object | undefined => message.envelope ?? undefined;

interface Settled {
  readonly recipients: readonly Recipient[];
  readonly sender: Address | undefined;
  readonly messageId: string;
  readonly context: ComposeContext;
}

function headerOf(message: SubmitMessage, { addresses, ...given }: GivenFields, { recipients, sender, messageId, context }: Settled): HeaderValues {
  const domain = domainOf(sender, context.hostname);
  const header = (entries: readonly AddressEntry[]) => entries.map((entry) => headerAddress(entry, domain));
  const shown = shownRecipients(addresses, message, recipients);
  return {
    from: header(addresses.from.length > 0 || !sender ? addresses.from : [sender]),
    sender: header(addresses.sender),
    replyTo: header(addresses.replyTo),
    to: header(shown.to),
    cc: header(shown.cc),
    subject: given.subject === undefined ? undefined : foldable(given.subject),
    inReplyTo: given.inReplyTo,
    references: given.references,
    messageId,
    date: given.date ?? formatDate(context.now),
  };
}

interface Further {
  readonly headers: GivenFields['headers'];
  readonly boundary: Uint8Array;
  readonly context: ComposeContext;
}

/** nodemailer's tree. */
function compile(message: SubmitMessage, header: HeaderValues, { headers, context, ...further }: Further): ReturnType<MailComposer['compile']> {
  const { subject, inReplyTo, references, ...settled } = header;
  const access = accessOf(message, context);
  const boundary = Buffer.from(further.boundary).toString('hex');
  try {
    const contents = checkedContents(message, access);
    const root = new MailComposer({
      ...(message.attachDataUrls ? dataImages(contents, boundary) : contents),
      ...passedThrough(message),
      headers,
      ...settled,
      ...(subject === undefined ? {} : { subject }),
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
      ...(references === undefined ? {} : { references: [...references] }),
      baseBoundary: message.baseBoundary ?? boundary,
      disableFileAccess: !access.path,
      disableUrlAccess: !access.href,
    }).compile();
    for (const { key, value } of [...priorityHeaders(givenImportance(message)), ...listHeaders(message.list)]) root.addHeader(key, value);
    if (message.xMailer) root.setHeader('X-Mailer', singleLine(message.xMailer, 'xMailer'));
    return root;
  } catch (cause) {
    if (cause instanceof MailspoolError) throw cause;
    throw new MailspoolError('EINVALID', `the message cannot be composed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Both must agree: who submits, and the message itself. */
const accessOf = (message: SubmitMessage, context: ComposeContext): Access => ({
  path: context.fileAccess === true && message.disableFileAccess !== true,
  href: context.fileAccess === true && message.disableUrlAccess !== true,
});

const passedOn = ['encoding', 'textEncoding', 'boundaryPrefix', 'otp', 'normalizeHeaderKey'] as const;

function passedThrough(message: SubmitMessage): Pick<SubmitMessage, (typeof passedOn)[number]> {
  const given = Object.fromEntries(passedOn.filter((name) => message[name] !== undefined).map((name) => [name, message[name]]));
  singleLines(given, 'message');
  return given;
}

/** To and Cc as given, and the rows of `recipients` that are to be seen. */
function shownRecipients(
  fields: AddressFields,
  message: SubmitMessage,
  recipients: readonly Recipient[],
): { to: AddressEntry[]; cc: AddressEntry[] } {
  if (!message.recipients?.length) return { to: [...fields.to], cc: [...fields.cc] };
  const inFields = new Set(
    [...addressesOf(fields.to), ...addressesOf(fields.cc), ...addressesOf(fields.bcc)].map((address) => `${address.type}:${address.address}`),
  );
  const added = recipients.filter((row) => !inFields.has(`${row.type}:${row.address}`));
  const ofKind = (kind: Recipient['kind']) => added.filter((row) => row.kind === kind);
  return { to: [...fields.to, ...ofKind('to')], cc: [...fields.cc, ...ofKind('cc')] };
}

function headerAddress(entry: AddressEntry, domain: string): HeaderAddress {
  if ('group' in entry) return { name: entry.group, group: entry.members.map((member) => headerAddress(member, domain)) };
  return { name: entry.name ?? '', address: encapsulate(entry, domain) };
}

function priorityHeaders(importance: MessageProperties['importance']): { key: string; value: string }[] {
  if (importance !== 'high' && importance !== 'low') return [];
  const [number, name] = importance === 'high' ? ['1 (Highest)', 'High'] : ['5 (Lowest)', 'Low'];
  return [
    { key: 'X-Priority', value: number },
    { key: 'X-MSMail-Priority', value: name },
    { key: 'Importance', value: name },
  ];
}

/** Text without a space to fold at is encoded, in words that can be folded. */
const foldable = (text: string): string => (/[^ \t]{900}/.test(text) ? encodeWord(text, 'Q', 52) : text);

const maxLineOctets = 998; // RFC 5322 2.1.1

/** Headers without a space to fold at are all that can still be too long. */
function refuseLongLines(source: Bytes): void {
  if (!(source instanceof Uint8Array)) return;
  let start = 0;
  for (let at = source.indexOf(10); at !== -1; at = source.indexOf(10, start)) {
    if (at - 1 - start > maxLineOctets)
      throw new MailspoolError('EINVALID', `a line of the message is longer than ${maxLineOctets} octets`, { field: 'headers' });
    if (at - start === 1) return;
    start = at + 1;
  }
}
