// The form that the machine-readable parts of reports share: ASCII fields, folded, with typed addresses (RFC 3464 2.1,
// RFC 8098 3.1, RFC 6533 3).
import { defaultAddressType } from '../message/address-type.ts';
import type { Address } from '../message/recipient.ts';

/** A block of fields; those without a value are left out. */
export const fieldBlock = (fields: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : `${fold(`${name}: ${oneLine(value)}`)}\r\n`))
    .join('');

/** Other types are named as they are called here; MAPI's are not registered with anyone. */
export function typedAddress({ type, address }: Pick<Address, 'type' | 'address'>): string {
  if (type !== defaultAddressType) return `x-${type.toLowerCase()}; ${xtext(address)}`;
  return isAscii(address) ? `rfc822; ${address}` : `utf-8; ${xtext(address)}`;
}

/** RFC 3461 4.2: `type;address`; without a type it is an internet address. */
export const originalRecipient = (text: string): string => (/^[A-Za-z0-9-]+;/.test(text) ? xtext(text) : `rfc822; ${xtext(text)}`);

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** RFC 6533 3: characters outside ASCII as `\x{…}`; control characters in the same way, so that no field can begin. */
const xtext = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`);

const oneLine = (value: string): string => xtext(value.replace(/\s+/g, ' ').trim());

/** Folded where there is a space; a word longer than a line may be is cut. */
const fold = (line: string): string =>
  line
    .replace(/([^ ]{900})(?=[^ ])/g, '$1 ')
    .replace(/(.{1,76})(?: |$)/g, '$1\r\n ')
    .trimEnd();
