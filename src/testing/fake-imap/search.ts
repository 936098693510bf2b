// Whether a message is what a client searches for (RFC 9051 section 6.4.4). Pure.
import { decodeWords } from 'postal-mime';
import { assertNever } from '../../errors.ts';
import type { FakeMessage } from '../mailboxes/mailbox.ts';
import { valueOf } from '../mime/header-fields.ts';
import { messageParts } from '../mime/message-part.ts';
import { bodyText, wholeText } from '../mime/readable-text.ts';
import { dayOf, parseMessageDay, type Day } from './date-time.ts';
import type { SearchKey } from './search-key.ts';
import { includes } from './sequence-set.ts';

export interface Searched {
  readonly message: FakeMessage;
  readonly sequence: number;
}

/** The largest sequence number and UID, for `*`. */
export interface Largest {
  readonly sequence: number;
  readonly uid: number;
}

export function matches(key: SearchKey, searched: Searched, largest: Largest): boolean {
  const { message, sequence } = searched;
  switch (key.key) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'flag':
      return [...message.flags].some((flag) => flag.toLowerCase() === key.flag.toLowerCase()) === key.has;
    case 'header':
      return fieldsContain(message, key.name, key.value);
    case 'body':
      return contains(bodyText(messageParts(message.raw)), key.value);
    case 'text':
      return contains(wholeText(messageParts(message.raw)), key.value);
    case 'day':
      return compares(key.of === 'arrival' ? dayOf(message.internalDate) : messageDay(message), key.relation, key.day);
    case 'larger':
      return message.raw.length > key.bytes;
    case 'smaller':
      return message.raw.length < key.bytes;
    case 'uid':
      return includes(key.set, message.uid, largest.uid);
    case 'sequence':
      return includes(key.set, sequence, largest.sequence);
    case 'modseq':
      return message.modseq >= key.atLeast;
    case 'not':
      return !matches(key.inner, searched, largest);
    case 'or':
      return key.either.some((either) => matches(either, searched, largest));
    case 'and':
      return key.each.every((each) => matches(each, searched, largest));
    default:
      return assertNever(key);
  }
}

/** Looks into the value as it stands and with its encoded words decoded. */
function fieldsContain(message: FakeMessage, name: string, value: string): boolean {
  const fields = messageParts(message.raw).fields.filter((field) => field.name.toLowerCase() === name.toLowerCase());
  return fields.some((field) => contains(valueOf(field), value) || contains(decodeWords(valueOf(field)), value));
}

function messageDay(message: FakeMessage): Day | undefined {
  const field = messageParts(message.raw).fields.find(({ name }) => name.toLowerCase() === 'date');
  return field && parseMessageDay(valueOf(field));
}

function compares(day: Day | undefined, relation: 'before' | 'on' | 'since', other: Day): boolean {
  if (day === undefined) return false;
  if (relation === 'on') return day === other;
  return relation === 'before' ? day < other : day >= other;
}

const contains = (text: string, wanted: string): boolean => text.toLowerCase().includes(wanted.toLowerCase());
