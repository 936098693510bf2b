// What counts as an SMTP address. The text that passes here is the text that RCPT carries and headers show: nobody
// reads it a second time in another way (X-009, X-010).
import { domainToASCII, domainToUnicode } from 'node:url';
import { MailspoolError } from '../errors.ts';

const maxOctets = 254; // RFC 5321 4.5.3.1.3 gives a path 256, two of them angle brackets

// Nearly every address. The last label starts with a letter, so no URL parser takes the domain for an IPv4 number.
const plain =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The address as it will be used: local part untouched, domain in lower case and as A-labels (T-033).
 * @throws EINVALID naming `field`
 */
export function smtpAddress(text: string, field: string): string {
  if (text.length <= maxOctets && plain.test(text)) return text;
  const refuse = (why: string): never => {
    throw new MailspoolError('EINVALID', `${field}: ${JSON.stringify(text.slice(0, 300))} ${why}`, { field });
  };
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) refuse('contains a control or an invisible character');
  const trimmed = text.trim();
  if (/[<>]/.test(trimmed)) refuse('contains an angle bracket');
  const at = domainAt(trimmed);
  if (at < 0) refuse('has no domain; an address is user@domain');
  const local = trimmed.slice(0, at);
  const domain = smtpDomain(trimmed.slice(at + 1), refuse);
  if (!isLocalPart(local)) refuse(local === '' ? 'has nothing before the @' : 'has an invalid local part; it may need quotes');
  const address = `${local}@${domain}`;
  if (Buffer.byteLength(address) > maxOctets) refuse(`is longer than ${maxOctets} octets`);
  return address;
}

/** Where the domain begins: the last @, or the one before an address literal. */
const domainAt = (text: string): number => (text.endsWith(']') ? text.lastIndexOf('@[') : text.lastIndexOf('@'));

// atext, and beyond ASCII whatever SMTPUTF8 adds, without spaces (RFC 5321 4.1.2, RFC 6531 3.3)
const dotAtom = /^(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]|[^\0-\x7f\p{Z}])+(?:\.(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]|[^\0-\x7f\p{Z}])+)*$/u;
const quoted = /^"(?:[^"\\\0-\x1f\x7f]|\\[\x20-\x7e])+"$/u;
const isLocalPart = (local: string): boolean => dotAtom.test(local) || quoted.test(local);

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
// A number as last label makes other readers see an IPv4 address: 127.1, 0x7f.1
const numeric = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const literal = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9a-f:.]{2,45})\]$/i;

function smtpDomain(given: string, refuse: (why: string) => never): string {
  if (given.startsWith('[')) return literal.test(given) ? given : refuse('has an invalid address literal');
  const domain = aLabels(given, refuse);
  const labels = domain.split('.');
  if (domain.length > 253 || !labels.every((part) => label.test(part)))
    return refuse(domain === '' ? 'has no domain after the @' : 'has an invalid domain');
  if (numeric.test(labels.at(-1) ?? '')) return refuse('has a number for a domain; an IP address is written in brackets');
  return domain;
}

/** IDN to A-labels, only where the mapping can be undone: what was checked is what is looked up (X-009). */
function aLabels(given: string, refuse: (why: string) => never): string {
  const domain = given.toLowerCase();
  if (!/[^\0-\x7f]/.test(domain)) return domain;
  const ascii = domainToASCII(domain);
  if (ascii === '') return refuse('has an invalid international domain');
  const shown = domainToUnicode(ascii);
  return shown === domain.normalize('NFC') ? ascii : refuse(`has a domain that reads as ${shown}; write it so`);
}
