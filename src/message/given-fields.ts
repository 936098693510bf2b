// The header fields of a message as a program gives them, in fields of their own or under `headers`, checked and each
// in one place. What may not be in the output (Bcc, Return-Path) ends here.
import type { SendMailOptions } from 'nodemailer';
import { MailspoolError } from '../errors.ts';
import type { SubmitMessage } from './submit-message.ts';
import { parseAddressField } from './address-field.ts';
import type { AddressFields } from './envelope.ts';
import { headerName, singleLine, singleLines } from './header-injection.ts';
import { formatDate } from './message-id.ts';

type GivenHeader = { key: string; value: NonNullable<Extract<SendMailOptions['headers'], readonly unknown[]>>[number]['value'] };

export interface GivenFields {
  readonly addresses: AddressFields;
  readonly messageId: string | undefined;
  readonly date: string | undefined;
  readonly subject: string | undefined;
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[] | undefined;
  /** All others. */
  readonly headers: GivenHeader[];
}

/** A field goes before the header of the same name, as in nodemailer. */
export function takeFields(message: SubmitMessage): GivenFields {
  const headers = headerList(message.headers);
  const taken = (name: string): unknown => headers.find(({ key }) => key.toLowerCase() === name)?.value;
  const text = (field: string, ...values: unknown[]) =>
    textField(
      field,
      values.find((value) => value !== undefined && value !== null && value !== ''),
    );
  const address = (field: string, name: string, value: unknown) => parseAddressField(value || plainValue(taken(name)), value ? field : name);
  return {
    addresses: {
      from: address('from', 'from', message.from),
      sender: address('sender', 'sender', message.sender),
      replyTo: address('replyTo', 'reply-to', message.replyTo),
      to: address('to', 'to', message.to),
      cc: address('cc', 'cc', message.cc),
      bcc: address('bcc', 'bcc', message.bcc),
    },
    messageId: identifier('messageId', text('messageId', message.messageId, message.properties?.messageId, taken('message-id'))),
    date: text('date', message.date, taken('date')),
    subject: text('subject', message.subject, message.properties?.subject, taken('subject')),
    inReplyTo: text('inReplyTo', message.inReplyTo, taken('in-reply-to')),
    references: references(message.references ?? taken('references')),
    headers: headers.filter(({ key }) => !takenNames.has(key.toLowerCase())),
  };
}

const takenNames: ReadonlySet<string> = new Set(
  'from sender reply-to to cc bcc message-id date subject in-reply-to references resent-bcc return-path'.split(' '),
);

/** nodemailer takes `{ key, value }`, a list of them, or an object; each value may be a list. */
function headerList(headers: SendMailOptions['headers']): GivenHeader[] {
  if (!headers) return [];
  const isPair = 'key' in headers && 'value' in headers && typeof headers.key === 'string';
  const pairs = Array.isArray(headers)
    ? headers
    : isPair
      ? [headers as GivenHeader]
      : Object.entries(headers).map(([key, value]) => ({ key, value }));
  return pairs.flatMap(({ key, value }) => {
    headerName(key);
    singleLines(value, `headers.${key}`);
    return (Array.isArray(value) ? value : [value]).map((one) => ({ key, value: one }));
  });
}

/** `{ value, prepared }` is nodemailer's form of a header to be written as it is. */
const plainValue = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'value' in value && !('address' in value) ? value.value : value;

function textField(field: string, given: unknown): string | undefined {
  const value = plainValue(given);
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new MailspoolError('EINVALID', `${field} is an invalid date`, { field });
    return formatDate(value.getTime());
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw new MailspoolError('EINVALID', `${field} is not a text`, { field });
  return singleLine(String(value), field);
}

const messageIdentifier = /^[^\s<>\p{Cc}]{1,900}$/u;

/** `<left@right>`; nodemailer's users leave the brackets out at times. */
function identifier(field: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const inner = text.trim().replace(/^<([^<>]*)>$/, '$1');
  if (!messageIdentifier.test(inner)) throw new MailspoolError('EINVALID', `${field} is not a message identifier: <left@right>`, { field });
  return `<${inner}>`;
}

function references(given: unknown): string[] | undefined {
  const list = (Array.isArray(given) ? given : [given])
    .map((item) => textField('references', item))
    .filter((item) => item !== undefined && item.trim() !== '');
  return list.length > 0 ? (list as string[]) : undefined;
}
