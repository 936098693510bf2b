// Asking for a receipt of reading: the header Disposition-Notification-To (RFC 8098 2.1). It is part of the message, so
// every recipient is asked, or none.
import { parseAddress } from './address-type.ts';
import type { ComposeContext } from './composed.ts';
import { addressesIn } from './header-addresses.ts';
import { headerValue, type HeaderField } from './headers.ts';
import { encapsulate } from './imcea.ts';
import { domainOf } from './message-id.ts';
import type { Address } from './recipient.ts';

export const receiptField = 'Disposition-Notification-To';

/** Whom to tell, as the header has it; undefined where nobody asks. @throws EINVALID */
export function receiptAddressee({ readReceiptTo, hostname }: ComposeContext, sender: Address | undefined): string | undefined {
  const address = readReceiptTo === true ? sender : readReceiptTo && parseAddress(readReceiptTo, 'reportTo');
  return address && `<${encapsulate(address, domainOf(sender, hostname))}>`;
}

/** Whether a ready message asks. */
export const asksForReceipt = (fields: readonly HeaderField[]): boolean => (headerValue(fields, receiptField.toLowerCase()) ?? '') !== '';

/** Whom a received message asks to tell. */
export const receiptAddresses = (fields: readonly HeaderField[]): Address[] => addressesIn(fields, receiptField.toLowerCase());
