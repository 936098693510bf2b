// What can go wrong with a mailslot. Recognise them by `code`; the classes are there for those who come from Win32.
import { MailspoolError } from 'mailspool/provider';
import { formatMailslotName, type MailslotAddress } from './name.ts';

/** `EEXIST`: the name is taken on this computer (S-005). */
export class MailslotExistsError extends MailspoolError {
  constructor(address: MailslotAddress) {
    super('EEXIST', `the mailslot ${formatMailslotName(address)} exists already`, { field: 'name' });
    this.name = 'MailslotExistsError';
  }
}

/** `ENOTFOUND`: there is no such slot on this computer (S-018). Other computers are never asked. */
export class MailslotNotFoundError extends MailspoolError {
  constructor(address: MailslotAddress) {
    super('ENOTFOUND', `there is no mailslot ${formatMailslotName(address)}`, { field: 'name' });
    this.name = 'MailslotNotFoundError';
  }
}

/** `EINVALIDOBJECT`: this handle was closed, or the slot that it wrote to is gone (S-010). */
export class MailslotClosedError extends MailspoolError {
  constructor(address: MailslotAddress, cause?: unknown) {
    super('EINVALIDOBJECT', `the mailslot ${formatMailslotName(address)} is closed`, cause === undefined ? {} : { cause });
    this.name = 'MailslotClosedError';
  }
}

/** `EBADNETPATH`: more than a datagram carries (S-022); `EMAXSIZE`: more than the local slot takes (S-021). */
export class MailslotMessageTooLargeError extends MailspoolError {
  readonly maxBytes: number;

  constructor(code: 'EBADNETPATH' | 'EMAXSIZE', address: MailslotAddress, sizeBytes: number, maxBytes: number) {
    super(code, `a message of ${sizeBytes} bytes is too large for ${formatMailslotName(address)}, which takes ${maxBytes}`, { field: 'data' });
    this.name = 'MailslotMessageTooLargeError';
    this.maxBytes = maxBytes;
  }
}

/** `EINSUFFICIENTBUFFER`: the next message is larger than the read allows; it is still the next one (S-031). */
export class MailslotBufferTooSmallError extends MailspoolError {
  /** Bytes that the next message has. */
  readonly required: number;

  constructor(required: number, maxBytes: number) {
    super('EINSUFFICIENTBUFFER', `the next message has ${required} bytes, and the read allows ${maxBytes}`, { field: 'maxBytes' });
    this.name = 'MailslotBufferTooSmallError';
    this.required = required;
  }
}
