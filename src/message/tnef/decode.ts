// A TNEF stream, read into what it says of a message. Made for mail from strangers: whatever the bytes are, there is an
// answer, in time and size linear in their length.
import type { MessageProperties } from '../message.ts';
import type { Address } from '../recipient.ts';
import { type Attribute, attributeIds, levels, readStream } from './attributes.ts';
import { ByteReader, Damaged } from './byte-reader.ts';
import { decoded, defaultCodePage } from './code-pages.ts';
import { decompressedRtf } from './compressed-rtf.ts';
import { readProperties, untilNull } from './property-list.ts';
import { PropertyValues } from './property-values.ts';
import { ids, messageInterface, oldClasses, type TnefAttachment, type TnefMessage, type TnefRecipient } from './tnef-message.ts';

export type DecodedTnef = { readonly result: 'decoded'; readonly message: TnefMessage } | { readonly result: 'damaged'; readonly reason: string };

/** Messages within messages. */
const deepest = 4;
const mostRecipients = 10_000;
const mostAttachments = 2_000;
const mostText = 255;
const longestSubject = 4096;
const longestAddress = 1_000;

/** Never throws. A stream that is damaged anywhere, or whose checksums are wrong, is damaged as a whole ([MS-OXTNEF]). */
export function decodeTnef(bytes: Uint8Array): DecodedTnef {
  try {
    return { result: 'decoded', message: messageOf(bytes, 1) };
  } catch (error) {
    if (error instanceof Damaged) return { result: 'damaged', reason: error.message };
    throw error;
  }
}

function messageOf(bytes: Uint8Array, depth: number): TnefMessage {
  const { key, attributes } = readStream(bytes);
  const own = new Map<number, Uint8Array>();
  const attachments: Map<number, Uint8Array>[] = [];
  for (const attribute of attributes) {
    if (attribute.level === levels.message) keep(own, attribute);
    else if (attribute.id === attributeIds.attachRenderData) attachments.push(new Map());
    else keep(attachments.at(-1) ?? fail('an attachment begins without its rendering data'), attribute);
  }
  if (attachments.length > mostAttachments) throw new Damaged(`more than ${mostAttachments} attachments`);
  return { key, ...contentOf(own), attachments: attachments.map((parts) => attachmentOf(parts, codePageOf(own), depth)) };
}

/** Of an attribute that comes twice the first counts. */
function keep(attributes: Map<number, Uint8Array>, { id, data }: Attribute): void {
  if (!attributes.has(id)) attributes.set(id, data);
}

function fail(reason: string): never {
  throw new Damaged(reason);
}

function codePageOf(attributes: ReadonlyMap<number, Uint8Array>): number {
  const data = attributes.get(attributeIds.oemCodepage);
  return data && data.length >= 4 ? new ByteReader(data).u32() : defaultCodePage;
}

function contentOf(own: ReadonlyMap<number, Uint8Array>): Omit<TnefMessage, 'key' | 'attachments'> {
  const codePage = codePageOf(own);
  const values = valuesOf(own.get(attributeIds.messageProperties), codePage);
  const attributeText = (id: number) => {
    const data = own.get(id);
    return data && untilNull(decoded(data, codePage));
  };
  const key = values.bytes(ids.correlationKey);
  const html = values.bytes(ids.html);
  const rtf = values.bytes(ids.rtfCompressed);
  return definedOnly({
    correlationKey: key && untilNull(Buffer.from(key).toString('latin1')),
    properties: propertiesOf(values, attributeText),
    text: values.text(ids.body) ?? attributeText(attributeIds.body),
    html: html ? untilNull(decoded(html, values.number(ids.internetCodePage) ?? codePage)) : values.text(ids.html),
    rtf: rtf && decompressedRtf(rtf),
    recipients: recipientsOf(own.get(attributeIds.recipientTable), codePage),
  });
}

function valuesOf(data: Uint8Array | undefined, codePage: number): PropertyValues {
  return new PropertyValues(data ? readProperties(new ByteReader(data)) : [], codePage);
}

function propertiesOf(values: PropertyValues, attributeText: (id: number) => string | undefined): MessageProperties {
  const named = values.named();
  const tag = values.bytes(ids.reportTag);
  const messageId = values.text(ids.internetMessageId);
  return definedOnly({
    messageClass: classOf(attributeText(attributeIds.messageClass) ?? values.text(ids.messageClass)),
    messageId: messageId && /^<[^<>\s\p{Cc}]{1,900}>$/u.test(messageId) ? messageId : undefined,
    subject: singleLine(values.text(ids.subject) ?? attributeText(attributeIds.subject), longestSubject),
    importance: ([0, 1, 2] as const).map((level) => (['low', 'normal', 'high'] as const)[level])[values.number(ids.importance) ?? -1],
    sender:
      addressOf(values, { type: ids.representingType, address: ids.representingAddress, name: ids.representingName }) ??
      addressOf(values, { type: ids.senderType, address: ids.senderAddress, name: ids.senderName }),
    reportTag: tag && textTag(tag),
    clientSubmitTime: values.time(ids.clientSubmitTime),
    deferredDeliveryAt: values.time(ids.deferredDeliveryTime),
    latestDeliveryAt: values.time(ids.latestDeliveryTime),
    expiresAt: values.time(ids.expiryTime),
    named: Object.keys(named).length > 0 ? named : undefined,
  });
}

/** Classes are ASCII by definition; what is none is left out. */
function classOf(text: string | undefined): string | undefined {
  const messageClass = oldClasses.find(([old]) => old === text)?.[1] ?? text;
  return messageClass !== undefined && messageClass.length <= mostText && /^[!-~]+(?: [!-~]+)*$/.test(messageClass) ? messageClass : undefined;
}

/** A tag is opaque: text as it is, other bytes in base64. */
function textTag(bytes: Uint8Array): string {
  const text = untilNull(Buffer.from(bytes).toString('utf8'));
  return /^[^\p{Cc}\ufffd]{1,255}$/u.test(text) ? text : Buffer.from(bytes).toString('base64').slice(0, mostText);
}

function addressOf(values: PropertyValues, { type, address, name }: Readonly<Record<'type' | 'address' | 'name', number>>): Address | undefined {
  const given = values.text(address);
  if (given === undefined || given.length > longestAddress || /\p{Cc}/u.test(given)) return undefined;
  const shown = singleLine(values.text(name), longestAddress);
  return { type: typeOf(values.text(type)), address: given, ...(shown !== undefined && { name: shown }) };
}

const typeOf = (type: string | undefined): string => (type !== undefined && /^[!-~]{1,64}$/.test(type) ? type.toUpperCase() : 'SMTP');

function recipientsOf(data: Uint8Array | undefined, codePage: number): TnefRecipient[] {
  if (!data) return [];
  const reader = new ByteReader(data);
  const rows = Array.from({ length: reader.count(4, mostRecipients) }, () => new PropertyValues(readProperties(reader), codePage));
  return rows.flatMap((row) => recipientOf(row) ?? []);
}

function recipientOf(values: PropertyValues): TnefRecipient | undefined {
  const smtp = addressOf(values, { type: -1, address: ids.smtpAddress, name: ids.displayName });
  const address = smtp ?? addressOf(values, { type: ids.addressType, address: ids.address, name: ids.displayName });
  const kind = ([undefined, 'to', 'cc', 'bcc'] as const)[(values.number(ids.recipientType) ?? 1) & 0xf];
  if (!address || !kind) return undefined;
  const status = definedOnly({
    deliveredAt: values.time(ids.deliverTime),
    reasonCode: values.number(ids.ndrReasonCode),
    diagnosticCode: values.number(ids.ndrDiagCode),
    text: singleLine(values.text(ids.reportText), longestSubject),
  });
  return { kind, ...address, ...(Object.keys(status).length > 0 && { status }) };
}

function attachmentOf(attributes: ReadonlyMap<number, Uint8Array>, codePage: number, depth: number): TnefAttachment {
  const values = valuesOf(attributes.get(attributeIds.attachment), codePage);
  const title = attributes.get(attributeIds.attachTitle) ?? attributes.get(attributeIds.attachTransportFilename);
  const content = attributes.get(attributeIds.attachData) ?? values.bytes(ids.attachData) ?? new Uint8Array();
  const attached = values.isObject(ids.attachData) ? attachedMessage(values.bytes(ids.attachData), depth) : undefined;
  const name =
    values.text(ids.attachLongFilename) ??
    values.text(ids.attachFilename) ??
    (title && untilNull(decoded(title, codePage))) ??
    values.text(ids.displayName) ??
    '';
  const contentType = values.text(ids.attachMimeTag);
  const contentId = values.text(ids.attachContentId);
  return {
    name: singleLine(name, mostText) ?? 'attachment',
    content: attached?.stream ?? content,
    ...(contentType !== undefined && /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/.test(contentType) && { contentType: contentType.toLowerCase() }),
    ...(contentId !== undefined && /^[^<>\s\p{Cc}]{1,250}$/u.test(contentId) && { contentId }),
    ...(attached?.message && { message: attached.message }),
  };
}

/** A message within is a stream of its own behind its interface's name; what is too deep stays a stream. */
function attachedMessage(bytes: Uint8Array | undefined, depth: number): { stream: Uint8Array; message?: TnefMessage } | undefined {
  if (!bytes || Buffer.from(bytes.subarray(0, 16)).toString('hex') !== messageInterface) return undefined;
  const stream = bytes.subarray(16);
  return depth < deepest ? { stream, message: messageOf(stream, depth + 1) } : { stream };
}

/** Text for one line of a header. */
function singleLine(text: string | undefined, most: number): string | undefined {
  const line = text
    ?.replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, most);
  return line === '' ? undefined : line;
}

type Defined<T> = { [name in keyof T as undefined extends T[name] ? never : name]: T[name] } & {
  [name in keyof T as undefined extends T[name] ? name : never]?: Exclude<T[name], undefined>;
};

const definedOnly = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
