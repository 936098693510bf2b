// Whether a received message may be answered with a receipt of reading, and to whom (RFC 8098 2.1, T-048). The headers
// decide: they are what a stranger asks with.
import { addressesIn } from '../message/header-addresses.ts';
import { headerBlock, headerFields, headerValue, type HeaderField } from '../message/headers.ts';
import { receiptAddresses } from '../message/receipt-request.ts';
import type { Address } from '../message/recipient.ts';

/**
 * Why no receipt is written. For `noReturnPath`, `otherReturnPath`, `severalAddresses`, `mailingList` and `automatic` a
 * person may decide otherwise; the others are final.
 */
export type ReceiptRefusal =
  | 'notRequested'
  | 'isReport'
  | 'nullReturnPath'
  | 'requiredOption'
  | 'noReturnPath'
  | 'otherReturnPath'
  | 'severalAddresses'
  | 'mailingList'
  | 'automatic';

/** `policy`: the program answers without asking, which RFC 8098 permits for some mail only; `person`: somebody agreed for this message. */
export type ReceiptConsent = 'policy' | 'person';

export interface ReceiptRequest {
  readonly to: readonly Address[];
  readonly refusal?: ReceiptRefusal;
  /** What the sender called the recipient: `type;address`. */
  readonly originalRecipient?: string;
}

/** @param head the beginning of a message, with its headers */
export function receiptRequest(head: Uint8Array, consent: ReceiptConsent): ReceiptRequest {
  const fields = headerFields(headerBlock(head));
  const to = distinct(receiptAddresses(fields));
  const refusal = never(fields, to) ?? (consent === 'person' ? undefined : withoutConsent(fields, to));
  const originalRecipient = headerValue(fields, 'original-recipient', 1000);
  return { to, ...(refusal && { refusal }), ...(originalRecipient && { originalRecipient }) };
}

/** Nobody's consent changes these. */
function never(fields: readonly HeaderField[], to: readonly Address[]): ReceiptRefusal | undefined {
  if (to.length === 0) return 'notRequested';
  if (said(fields, 'content-type', /^multipart\/report\b/i)) return 'isReport';
  if (/^<?\s*>?$/.test(headerValue(fields, 'return-path', 1000) ?? 'none')) return 'nullReturnPath';
  // An option that must be understood, and is not (RFC 8098 2.2). We know none.
  return /=\s*required\b/i.test(headerValue(fields, 'disposition-notification-options', 4000) ?? '') ? 'requiredOption' : undefined;
}

/** RFC 8098 2.1: whoever asks must be who sent it; else the receipt may go to somebody whom the sender wants to harm. */
function withoutConsent(fields: readonly HeaderField[], to: readonly Address[]): ReceiptRefusal | undefined {
  if (to.length > 1) return 'severalAddresses';
  const returnPaths = addressesIn(fields, 'return-path');
  if (returnPaths.length === 0) return 'noReturnPath';
  if (returnPaths.some((address) => mailbox(address) !== mailbox(to[0]))) return 'otherReturnPath';
  if (fields.some(({ name }) => /^list-(?:id|post|unsubscribe)$/.test(name)) || said(fields, 'precedence', /^(?:bulk|list|junk)\b/i))
    return 'mailingList';
  return said(fields, 'auto-submitted', /^(?!no\b)\S/i) ? 'automatic' : undefined;
}

const said = (fields: readonly HeaderField[], name: string, pattern: RegExp): boolean => pattern.test(headerValue(fields, name, 1000) ?? '');

/** RFC 8098 2.1: the local part with regard to case, the domain without. */
function mailbox(address: Pick<Address, 'type' | 'address'> | undefined): string {
  if (!address) return '';
  const at = address.address.lastIndexOf('@') + 1;
  return `${address.type}:${address.address.slice(0, at)}${address.address.slice(at).toLowerCase()}`;
}

const distinct = (addresses: readonly Address[]): Address[] => [...new Map(addresses.map((address) => [mailbox(address), address])).values()];
