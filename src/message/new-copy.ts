// A stored message as the start of a new one: everything but what identifies the old one (U-025).
import { MailspoolError } from '../errors.ts';
import { bodyStart, headerFields } from './headers.ts';
import type { Message } from './message.ts';
import { receiptField } from './receipt-request.ts';

const maxHeaderBytes = 1024 * 1024;
const identity: ReadonlySet<string> = new Set(['message-id', 'date']);
/** Of somebody else's message: what its sender asks for, a copy does not (M-071). */
const requests: ReadonlySet<string> = new Set([receiptField.toLowerCase(), 'disposition-notification-options', 'return-receipt-to']);

/** The bytes without Message-ID and Date; composing adds new ones. @throws EINVALID if the header block does not end */
export async function* newCopy(source: AsyncIterable<Uint8Array>, direction: Message['direction']): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of source) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const start = bodyStart(head);
    if (start === undefined && head.byteLength > maxHeaderBytes)
      throw new MailspoolError('EINVALID', 'the header block is too large', { field: 'raw' });
    if (start === undefined) continue;
    yield withoutIdentity(head, start, direction);
    head = undefined;
  }
  if (head) yield withoutIdentity(head, head.byteLength, direction);
}

function withoutIdentity(head: Uint8Array, start: number, direction: Message['direction']): Uint8Array {
  const kept = headerFields(head.subarray(0, start)).filter(({ name }) => !identity.has(name) && !(direction === 'inbound' && requests.has(name)));
  return Buffer.concat([...kept.map(({ raw }) => raw), Buffer.from('\r\n'), head.subarray(start)]);
}
