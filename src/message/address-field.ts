// Address fields in nodemailer's forms (text, objects, lists, groups) and with typed addresses, read once into checked
// addresses. Headers and envelope are both made from what is returned here.
import addressparser, { type Address as ParsedEntry } from 'nodemailer/lib/addressparser';
import { MailspoolError } from '../errors.ts';
import type { Address } from './recipient.ts';
import { defaultAddressType, parseAddress, parseTyped } from './address-type.ts';
import { singleLine } from './header-injection.ts';
import { splitAddressList, type AddressListPart } from './address-list.ts';

export interface AddressGroup {
  readonly group: string;
  readonly members: readonly Address[];
}

export type AddressEntry = Address | AddressGroup;

const maxEntries = 100_000; // nodemailer's own default limit

/**
 * @param value a string, an object, or a list of them, nested or not; nothing for an empty field
 * @throws EINVALID naming the field, for whatever is not an address or could be read in two ways
 */
export function parseAddressField(value: unknown, field: string): AddressEntry[] {
  if (value === undefined || value === null || value === '' || value === false) return [];
  if (!Array.isArray(value)) return typeof value === 'string' ? parseText(value, field) : [parseObject(value, field)];
  const flat: readonly unknown[] = value.flat(8);
  if (flat.length > maxEntries) throw new MailspoolError('EINVALID', `${field} has more than ${maxEntries} addresses`, { field });
  return flat.flatMap((item, index) => {
    if (Array.isArray(item)) throw new MailspoolError('EINVALID', `${field} is nested too deeply`, { field });
    return parseAddressField(item, `${field}[${index}]`);
  });
}

/** The addresses of a field, those in groups included. */
export const addressesOf = (entries: readonly AddressEntry[]): Address[] => entries.flatMap((entry) => ('group' in entry ? entry.members : [entry]));

function parseObject(value: unknown, field: string): AddressEntry {
  if (typeof value !== 'object' || value === null) throw new MailspoolError('EINVALID', `${field} is not an address`, { field });
  if ('group' in value && Array.isArray(value.group)) {
    const name = 'name' in value && typeof value.name === 'string' ? value.name : '';
    return { group: singleLine(name, `${field}.name`), members: addressesOf(parseAddressField(value.group, field)) };
  }
  if ('list' in value) throw new MailspoolError('EINVALID', `${field}: the list ${JSON.stringify(value.list)} is not known`, { field });
  return parseAddress(value as Address, field);
}

const simpleNamed = /^([A-Za-z0-9 '-]*?) ?<([^\s<>@"(),:;[\]\\]+@[a-z0-9.-]+)>$/;

function parseText(text: string, field: string): AddressEntry[] {
  singleLine(text, field);
  if (!/[\s<>"(),:;[\]\\]/.test(text)) return [parseAddress(text, field)];
  const named = simpleNamed.exec(text);
  if (named?.[2] !== undefined) return [parseAddress({ name: named[1]?.trim() ?? '', address: named[2] }, field)];
  return splitAddressList(text, field).flatMap((part) => parsePart(part, field));
}

function parsePart(part: AddressListPart, field: string): AddressEntry[] {
  if ('typed' in part) {
    const typed = parseTyped(part.typed);
    if (!typed) throw new MailspoolError('EINVALID', `${field}: ${JSON.stringify(part.typed)} is not an address`, { field });
    return [parseAddress({ ...typed, ...(part.name ? { name: part.name } : {}) }, field)];
  }
  const entries = addressparser(part.text).map((entry) => entryOf(entry, field));
  if (addressesOf(entries).length !== part.addresses) {
    throw new MailspoolError('EINVALID', `${field}: ${JSON.stringify(part.text.trim().slice(0, 300))} can be read in more than one way`, { field });
  }
  return entries;
}

function entryOf(entry: ParsedEntry, field: string): AddressEntry {
  if (entry.group) return { group: entry.name, members: addressesOf(entry.group.map((member) => entryOf(member, field))) };
  if (!entry.address) throw new MailspoolError('EINVALID', `${field}: ${JSON.stringify(entry.name.slice(0, 300))} is not an address`, { field });
  return parseAddress({ type: defaultAddressType, name: entry.name, address: entry.address }, field);
}
