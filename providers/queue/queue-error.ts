// What can go wrong with queues, by code. The codes of MQ_ERROR_* that mailspool has a word for already keep it.
import { MailspoolError } from 'mailspool/provider';

export type QueueErrorCode =
  | 'EEXIST' // MQ_ERROR_QUEUE_EXISTS
  | 'EQUEUENOTFOUND' // MQ_ERROR_QUEUE_NOT_FOUND
  | 'EQUEUENOTAVAILABLE' // MQ_ERROR_QUEUE_NOT_AVAILABLE, MQ_ERROR_QUEUE_DELETED
  | 'ESHARINGVIOLATION' // MQ_ERROR_SHARING_VIOLATION
  | 'ETIMEDOUT' // MQ_ERROR_IO_TIMEOUT
  | 'ECANCEL' // MQ_ERROR_OPERATION_CANCELLED
  | 'ENOTFOUND' // MQ_ERROR_MESSAGE_NOT_FOUND
  | 'EALREADYRECEIVED' // MQ_ERROR_MESSAGE_ALREADY_RECEIVED
  | 'EILLEGALCURSOR' // MQ_ERROR_ILLEGAL_CURSOR_ACTION
  | 'ETRANSACTIONUSAGE' // MQ_ERROR_TRANSACTION_USAGE
  | 'ETRANSACTIONSEQUENCE' // MQ_ERROR_TRANSACTION_SEQUENCE
  | 'EQUOTA' // MQ_ERROR_INSUFFICIENT_RESOURCES
  | 'ENOSUPPORT' // MQ_ERROR_UNSUPPORTED_FORMATNAME_OPERATION, and what an engine cannot do
  | 'ENOACCESS' // MQ_ERROR_ACCESS_DENIED
  | 'EINVALID'; // MQ_ERROR_ILLEGAL_…

export class QueueError extends MailspoolError {
  constructor(code: QueueErrorCode, message: string, options: { readonly field?: string; readonly remedy?: string; readonly cause?: unknown } = {}) {
    super(code, message, options);
    this.name = 'QueueError';
  }
}
