// The addresses in a header of received mail: tolerant, bounded, in time linear in their length.
import { addressParser } from 'postal-mime';
import { defaultAddressType, parseAddress } from './address-type.ts';
import { fieldValue, type HeaderField } from './headers.ts';
import { decapsulate } from './imcea.ts';
import type { Address } from './recipient.ts';

const maxRecipients = 10_000;
const maxFieldLength = 262_144;

/** The addresses of all fields of a name; what is not a whole address is left out. Encapsulated ones are unpacked. */
export function addressesIn(fields: readonly HeaderField[], name: string): Address[] {
  const found: Address[] = [];
  for (const field of fields) {
    if (field.name !== name) continue;
    for (const mailbox of addressParser(fieldValue(field, maxFieldLength), { flatten: true })) {
      const address = tolerant(mailbox.address ?? '', mailbox.name);
      if (address) found.push(address);
      if (found.length >= maxRecipients) return found;
    }
  }
  return found;
}

function tolerant(text: string, name: string): Address | undefined {
  try {
    const address = parseAddress({ type: defaultAddressType, address: text });
    const shown = name
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .trim()
      .slice(0, 1000);
    return { ...(decapsulate(address.address) ?? address), ...(shown ? { name: shown } : {}) };
  } catch {
    return undefined; // mail from strangers may hold anything; the row is left out, the message stays
  }
}
