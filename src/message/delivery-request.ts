// nodemailer's `dsn` field (RFC 3461) as what MAPI calls requests for reports (M-065, T-046).
import { MailspoolError } from '../errors.ts';
import type { ReportRequest } from './recipient.ts';
import { singleLines } from './header-injection.ts';

export interface DeliveryRequest {
  readonly report: ReportRequest;
  /** ENVID. */
  readonly envelopeId?: string;
}

interface Dsn {
  readonly ret?: unknown;
  readonly return?: unknown;
  readonly envid?: unknown;
  readonly id?: unknown;
  readonly notify?: unknown;
}

/** @throws EINVALID for words that RFC 3461 does not know */
export function deliveryRequest(dsn: Dsn | undefined | null): DeliveryRequest | undefined {
  if (!dsn) return undefined;
  singleLines(dsn, 'dsn');
  const envelopeId = dsn.envid ?? dsn.id;
  const returns = returnsOf(dsn.ret ?? dsn.return);
  return {
    report: { ...notifyOf(dsn.notify), ...(returns ? { returns } : {}) },
    ...(typeof envelopeId === 'string' && envelopeId !== '' ? { envelopeId } : {}),
  };
}

function returnsOf(value: unknown): ReportRequest['returns'] {
  if (value === undefined || value === null) return undefined;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word === 'full' || word === 'body') return 'full';
  if (word === 'hdrs' || word === 'headers') return 'headers';
  throw new MailspoolError('EINVALID', `dsn.return is ${JSON.stringify(value)}, not headers or full`, { field: 'dsn.return' });
}

function notifyOf(value: unknown): ReportRequest {
  if (value === undefined || value === null) return {};
  const given: readonly unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [value];
  const words = given.map((word) => (typeof word === 'string' ? word.trim().toLowerCase() : ''));
  const unknown = words.find((word) => !['never', 'success', 'failure', 'delay'].includes(word));
  if (unknown !== undefined || (words.includes('never') && words.length > 1)) {
    throw new MailspoolError('EINVALID', `dsn.notify is never, or any of success, failure, delay; not ${JSON.stringify(value)}`, {
      field: 'dsn.notify',
    });
  }
  return { delivery: words.includes('success'), nonDelivery: words.includes('failure'), delay: words.includes('delay') };
}
