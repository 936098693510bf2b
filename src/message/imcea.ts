// MAPI's encapsulation of a typed address in an SMTP one, `IMCEA<TYPE>-<encoded>@domain`: the only form in which a
// recipient of another type appears in headers ([MS-OXOABK], "encapsulated address").
import type { Address } from './recipient.ts';
import { defaultAddressType } from './address-type.ts';

/** The SMTP form of an address of another type. Letters, digits, `=` and `-` stay, `/` becomes `_`, the rest `+XX` per UTF-8 octet. */
export function encapsulate(address: Pick<Address, 'type' | 'address'>, domain: string): string {
  if (address.type === defaultAddressType) return address.address;
  const encoded = Array.from(Buffer.from(address.address, 'utf8'), encodeOctet).join('');
  return `IMCEA${address.type}-${encoded}@${domain}`;
}

function encodeOctet(octet: number): string {
  const character = String.fromCharCode(octet);
  if (character === '/') return '_';
  return /[A-Za-z0-9=-]/.test(character) ? character : `+${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}

const encapsulated = /^IMCEA([A-Za-z0-9_]{1,32})-([A-Za-z0-9=_+.-]+)@([^@]+)$/i;

/** What an SMTP address encapsulates; undefined if nothing, or nothing that can be read. */
export function decapsulate(smtp: string): Address | undefined {
  const match = encapsulated.exec(smtp);
  if (!match?.[1] || !match[2]) return undefined;
  const octets = match[2].replace(/_/g, '/').replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const address = Buffer.from(octets, 'latin1').toString('utf8');
  return /[\0-\x1f\x7f\ufffd]/.test(address) ? undefined : { type: match[1].toUpperCase(), address };
}
