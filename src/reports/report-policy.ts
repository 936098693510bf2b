// Who gets which report, if any. Reports answer messages, never reports (T-045).
import type { Message } from '../message/message.ts';
import type { Address, Recipient, ReportRequest } from '../message/recipient.ts';
import type { ReportKind } from './delivery-report.ts';

/** No report about a report, and none to a null return path (T-045, RFC 3461 6.2). */
export const mayReport = ({ returnPath, properties }: Pick<Message, 'returnPath' | 'properties'>): boolean =>
  returnPath !== null && !properties.messageClass?.toUpperCase().startsWith('REPORT.');

/** The report addressee if set, else the sender (M-067); null where nothing may be reported. */
export const reportAddressee = (message: Pick<Message, 'returnPath' | 'properties'>): Address | null =>
  mayReport(message) ? (message.properties.reportTo ?? message.returnPath) : null;

/** What the recipient's own request says goes before the message's. Delivery on request only; the others unless declined (M-065, T-047). */
export function wantsReport(kind: ReportKind, message: ReportRequest, recipient: Pick<Recipient, 'report'>): boolean {
  const asked = { ...message, ...recipient.report };
  if (kind === 'delivery') return asked.delivery === true;
  return asked.nonDelivery !== false && (kind !== 'delay' || asked.delay !== false);
}
