// A TNEF stream that says of a message what the system it goes through cannot carry ([MS-OXTNEF]). The same message
// gives the same bytes.
import type { MessageProperties } from '../message.ts';
import type { Address } from '../recipient.ts';
import { type Attribute, attributeIds, levels, writeStream } from './attributes.ts';
import { ByteWriter } from './byte-writer.ts';
import { storedRtf } from './compressed-rtf.ts';
import { type Property, type PropertyValue, types, writeProperties } from './property-list.ts';
import { fileTime } from './property-values.ts';
import { ids, messageInterface, oldClasses, publicStrings, type TnefAttachment, type TnefMessage, type TnefRecipient } from './tnef-message.ts';

const version = 0x00010000;
const utf8 = 65_001;
const renderDataBytes = 14;
const byValue = 1;
const embedded = 5;
const largestInteger = 0x7fffffff;

export function encodeTnef(message: TnefMessage): Uint8Array {
  const { key, properties, recipients, attachments } = message;
  const attribute = (id: number, data: Uint8Array): Attribute => ({ level: levels.message, id, data });
  const { messageClass } = properties;
  return writeStream(key, [
    attribute(attributeIds.tnefVersion, new ByteWriter().u32(version).end()),
    attribute(attributeIds.oemCodepage, new ByteWriter().u32(utf8).u32(0).end()),
    ...(messageClass === undefined ? [] : [attribute(attributeIds.messageClass, Buffer.from(`${oldClass(messageClass)}\0`, 'latin1'))]),
    attribute(attributeIds.messageProperties, writeProperties(messageProperties(message)).end()),
    ...(recipients.length === 0 ? [] : [attribute(attributeIds.recipientTable, recipientTable(recipients))]),
    ...attachments.flatMap(attachmentAttributes),
  ]);
}

const oldClass = (messageClass: string): string => oldClasses.find(([, known]) => known === messageClass)?.[0] ?? messageClass;

function messageProperties({ correlationKey, properties, text, html, rtf }: TnefMessage): Property[] {
  const { subject, importance, reportTag, messageId, sender, clientSubmitTime, deferredDeliveryAt, latestDeliveryAt, expiresAt } = properties;
  return [
    ...optional(ids.correlationKey, types.binary, correlationKey === undefined ? undefined : Buffer.from(`${correlationKey}\0`, 'latin1')),
    ...optional(ids.subject, types.string, subject),
    ...optional(ids.importance, types.integer32, importance && ['low', 'normal', 'high'].indexOf(importance)),
    ...optional(ids.internetMessageId, types.string, messageId),
    ...(sender ? addressProperties(sender, { type: ids.senderType, address: ids.senderAddress, name: ids.senderName }) : []),
    ...optional(ids.reportTag, types.binary, reportTag === undefined ? undefined : Buffer.from(`${reportTag}\0`)),
    ...time(ids.clientSubmitTime, clientSubmitTime),
    ...time(ids.deferredDeliveryTime, deferredDeliveryAt),
    ...time(ids.latestDeliveryTime, latestDeliveryAt),
    ...time(ids.expiryTime, expiresAt),
    ...optional(ids.body, types.string, text),
    ...optional(ids.internetCodePage, types.integer32, html === undefined ? undefined : utf8),
    ...optional(ids.html, types.binary, html === undefined ? undefined : Buffer.from(html)),
    ...optional(ids.rtfCompressed, types.binary, rtf && storedRtf(rtf)),
    ...namedProperties(properties.named ?? {}),
  ];
}

const optional = (id: number, type: number, value: PropertyValue | undefined): Property[] =>
  value === undefined ? [] : [{ id, type, values: [value] }];

const time = (id: number, at: number | undefined): Property[] => optional(id, types.time, at === undefined ? undefined : fileTime(at));

const addressProperties = ({ type, address, name }: Address, at: Readonly<Record<'type' | 'address' | 'name', number>>): Property[] => [
  ...optional(at.type, types.string, type),
  ...optional(at.address, types.string, address),
  ...optional(at.name, types.string, name),
];

/** Named properties get ids that mean something in this stream only. */
function namedProperties(named: NonNullable<MessageProperties['named']>): Property[] {
  return Object.entries(named).map(([name, value], index) => ({
    id: 0x8000 + index,
    type: typeOf(value),
    name: { set: publicStrings, name },
    values: [value],
  }));
}

function typeOf(value: string | number | boolean): number {
  if (typeof value === 'string') return types.string;
  if (typeof value === 'boolean') return types.boolean;
  return Number.isInteger(value) && Math.abs(value) <= largestInteger ? types.integer32 : types.double;
}

function recipientTable(recipients: readonly TnefRecipient[]): Uint8Array {
  const writer = new ByteWriter().u32(recipients.length);
  for (const { kind, status, ...address } of recipients) {
    const row = [
      ...optional(ids.recipientType, types.integer32, ['to', 'cc', 'bcc'].indexOf(kind) + 1),
      ...addressProperties(address, { type: ids.addressType, address: ids.address, name: ids.displayName }),
      ...time(ids.deliverTime, status?.deliveredAt),
      ...optional(ids.ndrReasonCode, types.integer32, status?.reasonCode),
      ...optional(ids.ndrDiagCode, types.integer32, status?.diagnosticCode),
      ...optional(ids.reportText, types.string, status?.text),
    ];
    writeProperties(row, writer);
  }
  return writer.end();
}

function attachmentAttributes({ name, contentType, contentId, content, message }: TnefAttachment): Attribute[] {
  const attribute = (id: number, data: Uint8Array): Attribute => ({ level: levels.attachment, id, data });
  const properties = [
    ...optional(ids.attachMethod, types.integer32, message ? embedded : byValue),
    ...optional(ids.attachLongFilename, types.string, name),
    ...optional(ids.attachMimeTag, types.string, contentType),
    ...optional(ids.attachContentId, types.string, contentId),
    ...(message ? optional(ids.attachData, types.object, Buffer.concat([Buffer.from(messageInterface, 'hex'), encodeTnef(message)])) : []),
  ];
  return [
    attribute(attributeIds.attachRenderData, renderData()),
    attribute(attributeIds.attachTitle, Buffer.from(`${name}\0`)),
    ...(message ? [] : [attribute(attributeIds.attachData, content)]),
    attribute(attributeIds.attachment, writeProperties(properties).end()),
  ];
}

/** A file, nowhere in the text. */
const renderData = (): Uint8Array =>
  new ByteWriter()
    .u16(1)
    .i32(-1)
    .bytes(new Uint8Array(renderDataBytes - 6))
    .end();
