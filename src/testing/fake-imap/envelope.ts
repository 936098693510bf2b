// ENVELOPE: what IMAP tells of a message's header (RFC 9051 section 7.5.2). Pure.
import addressparser, { type Address } from 'nodemailer/lib/addressparser';
import { fieldValue, type HeaderField } from '../mime/header-fields.ts';
import { nstring, parenthesised, type Piece } from './responses.ts';

export function envelope(fields: readonly HeaderField[]): Piece[] {
  const value = (name: string): string | undefined => fieldValue(fields, name);
  const from = addresses(value('from'));
  /** Sender and Reply-To are those of From where they are missing. */
  const orFrom = (name: string): Piece[] => {
    const given = addresses(value(name));
    return given[0] === 'NIL' ? from : given;
  };
  return parenthesised([
    nstring(value('date')),
    nstring(value('subject')),
    from,
    orFrom('sender'),
    orFrom('reply-to'),
    addresses(value('to')),
    addresses(value('cc')),
    addresses(value('bcc')),
    nstring(value('in-reply-to')),
    nstring(value('message-id')),
  ]);
}

function addresses(text: string | undefined): Piece[] {
  const list = addressparser(text ?? '').flatMap(entry);
  return list.length === 0 ? ['NIL'] : ['(', ...list.flat(), ')'];
}

/** A group is its name, its members and an end (RFC 9051 section 7.5.2). */
function entry(parsed: Address): Piece[][] {
  if (parsed.group) return [address(undefined, parsed.name, undefined), ...parsed.group.flatMap(entry), address(undefined, undefined, undefined)];
  const [name, whole] = parsed.address ? [parsed.name, parsed.address] : ['', parsed.name];
  if (whole === '') return [];
  const at = whole.lastIndexOf('@');
  const [local, host] = at < 0 ? [whole, ''] : [whole.slice(0, at), whole.slice(at + 1)];
  return [address(name === '' ? undefined : name, unquoted(local), host)];
}

/** The local part stands without its quotes (RFC 9051 section 7.5.2, addr-mailbox). */
const unquoted = (local: string): string => (/^".*"$/.test(local) ? local.slice(1, -1).replace(/\\(.)/g, '$1') : local);

const address = (name: string | undefined, local: string | undefined, host: string | undefined): Piece[] =>
  parenthesised([nstring(name), ['NIL'], nstring(local), nstring(host)]);
