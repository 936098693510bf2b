// Mail on its way out, with what its system cannot carry in a TNEF part beside it (M-048). Nothing is attached where
// there is nothing to say.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { bodyStart, headerFields, headerValue, parameters, type HeaderField } from '../headers.ts';
import { type Content, defaultMessageClass, type Message } from '../message.ts';
import { collected } from './collected.ts';
import { encodeTnef } from './encode.ts';
import { correlator } from './expand.ts';
import type { TnefMessage } from './tnef-message.ts';

/** What Internet mail has no field for ([MS-OXCMAIL] maps the others). */
const carriedAlone = ['reportTag', 'named', 'deferredDeliveryAt', 'latestDeliveryAt'] as const;

const longestHeader = 1024 * 1024;
const key = 1;

/**
 * The content with `winmail.dat` beside it; undefined where the message says nothing that Internet mail cannot carry,
 * and where another part around it would break it: signed, encrypted and reports. The same message gives the same bytes.
 */
export async function withTnef(message: Pick<Message, 'properties'> & { readonly content: Content }): Promise<Content | undefined> {
  const properties = unsupported(message.properties);
  if (!properties) return undefined;
  const head = await headerOf(message.content);
  const fields = head && headerFields(head);
  if (!head || !fields || isClosed(fields)) return undefined;
  const correlationKey = message.properties.messageId ?? headerValue(fields, 'message-id', 2_000) ?? '';
  const stream = encodeTnef({ key, properties, attachments: [], recipients: [], ...(correlationKey !== '' && { correlationKey }) });
  return new WithTnef(message.content, head, fields, stream, correlationKey);
}

/** What has to go in TNEF; with it goes nothing that the header says. The class of a report is its content type. */
function unsupported(properties: Message['properties']): TnefMessage['properties'] | undefined {
  const { messageClass = defaultMessageClass, named = {} } = properties;
  const given = carriedAlone.filter((name) => properties[name] !== undefined && (name !== 'named' || Object.keys(named).length > 0));
  const isSpecial = messageClass !== defaultMessageClass && !/^REPORT\./i.test(messageClass);
  if (given.length === 0 && !isSpecial) return undefined;
  return { messageClass, ...(Object.fromEntries(given.map((name) => [name, properties[name]])) as TnefMessage['properties']) };
}

async function headerOf(content: Content): Promise<Uint8Array | undefined> {
  let head: Uint8Array = new Uint8Array();
  const stream = content.stream();
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const searched = Math.max(0, head.length - 3);
      head = Buffer.concat([head, chunk]);
      const end = bodyStart(head, searched);
      if (end !== undefined) return head.subarray(0, end);
      if (head.length > longestHeader) return undefined;
    }
  } finally {
    stream.destroy();
  }
  return undefined;
}

function isClosed(fields: readonly HeaderField[]): boolean {
  const { value } = parameters(headerValue(fields, 'content-type', 8192) ?? '');
  const isSigned = fields.some(({ name }) => name === 'dkim-signature' || name === 'arc-seal');
  return isSigned || /^multipart\/(?:signed|encrypted|report)$/.test(value) || /^application\/(?:pkcs7-mime|ms-tnef)$/.test(value);
}

class WithTnef implements Content {
  readonly sizeBytes: number;
  readonly #inner: Content;
  readonly #headBytes: number;
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;

  constructor(inner: Content, head: Uint8Array, fields: readonly HeaderField[], stream: Uint8Array, correlationKey: string) {
    const boundary = `=_tnef_${createHash('sha256').update(stream).update(head).digest('hex').slice(0, 32)}`;
    const own = fields.filter(({ name }) => name.startsWith('content-')).map(({ raw }) => raw);
    const kept = fields.filter(({ name }) => !name.startsWith('content-') && name !== 'mime-version').map(({ raw }) => raw);
    const correlated = correlationKey === '' ? '' : `${correlator}: ${correlationKey}\r\n`;
    const opening = `${correlated}MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n`;
    this.#before = Buffer.concat([...kept, Buffer.from(opening), ...own, Buffer.from('\r\n')]);
    this.#after = Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n` +
        `Content-Disposition: attachment; filename="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
        `${lines(Buffer.from(stream).toString('base64'))}\r\n--${boundary}--\r\n`,
    );
    this.#inner = inner;
    this.#headBytes = head.length;
    this.sizeBytes = inner.sizeBytes - head.length + this.#before.length + this.#after.length;
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  async bytes(maxBytes?: number): Promise<Uint8Array> {
    const whole = await this.#inner.bytes(maxBytes);
    return await collected(joined(this.#before, [whole.subarray(this.#headBytes)], this.#after));
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    yield* joined(this.#before, behind(this.#inner.stream() as AsyncIterable<Uint8Array>, this.#headBytes), this.#after);
  }
}

async function* joined(before: Uint8Array, body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, after: Uint8Array): AsyncGenerator<Uint8Array> {
  yield before;
  yield* body;
  yield after;
}

async function* behind(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

const lines = (text: string): string => text.match(/.{1,76}/g)?.join('\r\n') ?? '';
