// What a queue is like (PROPID_Q_*).
import { QueueError } from './queue-error.ts';

export interface QueueProperties {
  readonly label: string;
  /** A guid, or empty: what the queue is for. */
  readonly type: string;
  /** Whether what applications receive is copied to the queue's journal. */
  readonly journal: boolean;
  /** In KB; undefined: unlimited. */
  readonly journalQuotaKb?: number;
  readonly quotaKb?: number;
  /** Added to the message's priority in transmission only; 0 for private queues. */
  readonly basePriority: number;
  /** Takes signed messages only. */
  readonly authenticate: boolean;
  readonly privacy: 'none' | 'optional' | 'body';
  /** Never changes. */
  readonly transactional: boolean;
}

export const defaultProperties: QueueProperties = {
  label: '',
  type: '',
  journal: false,
  basePriority: 0,
  authenticate: false,
  privacy: 'optional',
  transactional: false,
};

const maxLabelLength = 124;

/** @throws EINVALID with the field */
export function checkedProperties(properties: QueueProperties, isPrivate: boolean): QueueProperties {
  const { label, basePriority, privacy, quotaKb, journalQuotaKb } = properties;
  check('label', label.length <= maxLabelLength, `at most ${maxLabelLength} characters`);
  check('basePriority', Number.isInteger(basePriority) && basePriority >= -32_768 && basePriority <= 32_767, 'a whole number from -32768 to 32767');
  check('privacy', ['none', 'optional', 'body'].includes(privacy), 'none, optional or body');
  check('quotaKb', isQuota(quotaKb), 'a whole number of KB');
  check('journalQuotaKb', isQuota(journalQuotaKb), 'a whole number of KB');
  return isPrivate ? { ...properties, basePriority: 0 } : properties;
}

const isQuota = (kb: number | undefined): boolean => kb === undefined || (Number.isSafeInteger(kb) && kb >= 0);

function check(field: string, holds: boolean, expected: string): void {
  if (!holds) throw new QueueError('EINVALID', `${field} must be ${expected}`, { field });
}
