// How messages are written: each as a stream of bytes, so that large ones need no memory. `raw` is what was submitted or
// received; undefined: it is gone, or damaged.
import type { Message } from '../../message/message.ts';
import { printableJson } from '../cli/rendering/printable.ts';

/** One JSON object for each message: what `get` says of it, and its bytes in base64 as `raw`, null where they are gone. */
export async function* asJsonLine(message: Message, raw: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<string> {
  if (raw === undefined) return yield `${printableJson({ ...message, raw: null })}\n`;
  yield `${printableJson(message).slice(0, -1)},"raw":"`;
  let rest = Buffer.alloc(0);
  for await (const chunk of raw) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    yield bytes.toString('base64', 0, whole);
    rest = bytes.subarray(whole);
  }
  yield `${rest.toString('base64')}"}\n`;
}

/**
 * The mboxrd form: a `From ` line, the message with LF as line ends, and `>` before every line that would look like one.
 * Two headers before its own say what it is called here and what has become of it. Without content there is nothing.
 */
export async function* asMbox(message: Message, raw: AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array | string> {
  if (raw === undefined) return;
  yield `From ${senderOf(message)} ${asctime(new Date(timeOf(message) ?? 0))}\n`;
  yield `X-Mailspool-Id: ${message.id}\n${statesOf(message)
    .map((state) => `X-Mailspool-State: ${state}\n`)
    .join('')}`;
  for await (const line of linesOf(raw)) yield Buffer.from(`${quotable.test(line) ? '>' : ''}${line}\n`, 'latin1');
  yield '\n';
}

const quotable = /^>*From /;

/** Without their ends, as latin1, which keeps every byte. */
async function* linesOf(raw: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of raw) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  if (rest !== '') yield rest;
}

/** When it was submitted or received. */
export const timeOf = ({ submitTime, properties }: Message): number | undefined => submitTime ?? properties.deliveryTime;

/** Whose it was, without blanks, as the `From ` line needs it. */
const senderOf = ({ returnPath }: Message): string => (returnPath?.address ?? 'MAILER-DAEMON').replace(/[\s\p{Cc}]+/gu, '_');

/** `relayed bob@example.net`; where a received message lies. */
const statesOf = ({ direction, folder, recipients }: Message): string[] =>
  direction === 'inbound' ? [oneLine(`received ${folder}`)] : recipients.map(({ status, address }) => oneLine(`${status.state} ${address}`));

/** Header text: printable ASCII, so that no address can end the line. */
const oneLine = (text: string): string => text.replace(/[^ -~]/gu, '?');

/** `Sun Mar  1 12:00:00 2026`, UTC. */
function asctime(date: Date): string {
  const [day = '', , month = '', year = '', time = ''] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(date.getUTCDate()).padStart(2)} ${time} ${year}`;
}
