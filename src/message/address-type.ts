// Addresses with a type: MAPI's string form, the rule by which types are compared, the key that says whether two
// addresses are the same (M-015, M-084).
import { MailspoolError } from '../errors.ts';
import type { Address } from './recipient.ts';
import { singleLine } from './header-injection.ts';
import { smtpAddress } from './smtp-address.ts';

/** The type of an address that names none (PR_ADDRTYPE). */
export const defaultAddressType = 'SMTP';

// No hyphen: in `IMCEA<TYPE>-<address>` it is where the type ends.
const typePattern = /^[A-Za-z0-9_]{1,32}$/;
const typedPattern = /^\[([A-Za-z0-9_]{1,32}):(.*)\]$/su;

/**
 * The form in which types are compared: capitals. MAPI leaves the case open; types are names like SMTP, which people
 * write either way, so `smtp` and `SMTP` are one type. Beyond that the whole string counts, never a prefix (M-015).
 * @throws EINVALID for anything but 1 to 32 ASCII letters, digits and underscores
 */
export function addressType(type: string, field = 'type'): string {
  if (!typePattern.test(type)) {
    throw new MailspoolError('EINVALID', `${field}: an address type is 1 to 32 letters, digits or underscores, not ${JSON.stringify(type)}`, {
      field,
    });
  }
  return type.toUpperCase();
}

/** Equal for equal addresses (PR_SEARCH_KEY): upper-cased `TYPE:ADDRESS` (M-084). */
export const searchKey = (address: Pick<Address, 'type' | 'address'>): string => `${address.type}:${address.address}`.toUpperCase();

/**
 * One address, from MAPI's string form `[TYPE:address]`, from `user@domain`, or from an object; checked, with its type
 * in capitals and an IDN domain as A-labels. Display names in strings: see `parseAddressField`.
 * @throws EINVALID
 */
export function parseAddress(value: string | Address | { readonly name?: string; readonly address: string }, field = 'address'): Address {
  if (typeof value !== 'string') return addressOf(value, field);
  return addressOf({ address: value }, field);
}

/** `[TYPE:address]` → its two halves, unchecked; undefined for anything else. */
export function parseTyped(text: string): { type: string; address: string } | undefined {
  const match = typedPattern.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { type: match[1], address: match[2] };
}

/** `[TYPE:address]`, or the bare address if it is an SMTP one. */
export const formatAddress = ({ type, address }: Pick<Address, 'type' | 'address'>): string =>
  type === defaultAddressType ? address : `[${type}:${address}]`;

function addressOf(given: Partial<Address>, field: string): Address {
  if (typeof given.address !== 'string') throw new MailspoolError('EINVALID', `${field}: an address is missing`, { field });
  const typed = given.type === undefined ? parseTyped(singleLine(given.address, field).trim()) : undefined;
  const type = addressType(typed?.type ?? given.type ?? defaultAddressType, field);
  const text = typed?.address ?? given.address;
  return {
    type,
    address: type === defaultAddressType ? smtpAddress(text, field) : otherAddress(text, field),
    ...(given.name ? { name: singleLine(given.name, `${field}.name`) } : {}),
    ...(given.uid ? { uid: given.uid } : {}),
  };
}

/** Of other types only their providers know what is valid; a line break or control character never is. */
function otherAddress(text: string, field: string): string {
  if (text.trim() === '') throw new MailspoolError('EINVALID', `${field}: the address is empty`, { field });
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) {
    throw new MailspoolError('EINVALID', `${field}: the address contains a line break or control character`, { field });
  }
  if (text.length > 2048) throw new MailspoolError('EINVALID', `${field}: the address is longer than 2048 characters`, { field });
  return text;
}
