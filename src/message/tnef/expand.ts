// Mail that came with a TNEF part, as a system that knows no TNEF would have sent it: the part makes room for what it
// holds, and its properties are the message's (M-048).
import MimeNode from 'nodemailer/lib/mime-node';
import { createHash } from 'node:crypto';
import { collected } from './collected.ts';
import { decodeTnef } from './decode.ts';
import { bodyStart, headerFields, headerValue, type HeaderField } from '../headers.ts';
import type { MessageProperties } from '../message.ts';
import { formatDate } from '../message-id.ts';
import { serialise } from '../serialise.ts';
import { contentOf, leaves, type MimePart } from './mime-parts.ts';
import type { TnefAttachment, TnefMessage, TnefRecipient } from './tnef-message.ts';

export type ExpandedTnef =
  | {
      readonly result: 'expanded';
      readonly content: Uint8Array;
      readonly properties: MessageProperties;
      readonly recipients: readonly TnefRecipient[];
    }
  /** There is no TNEF, it belongs to another message, or it is damaged: the message stays as it is. */
  | { readonly result: 'none' | 'foreign' }
  | { readonly result: 'damaged'; readonly reason: string };

const tnefTypes: ReadonlySet<string> = new Set(['application/ms-tnef', 'application/vnd.ms-tnef']);
const longestKey = 2_000;

/** The field that says which TNEF belongs to a message. */
export const correlator = 'X-MS-TNEF-Correlator';

/**
 * A message with its TNEF part replaced. The part counts if its correlation key equals the header's, or either is
 * absent (PidTagTnefCorrelationKey); signed and encrypted parts are not looked into.
 */
export async function expandTnef(message: Uint8Array): Promise<ExpandedTnef> {
  const parts = leaves(message);
  const part = parts.find(({ contentType }) => tnefTypes.has(contentType));
  if (!part) return { result: 'none' };
  const decoded = decodeTnef(contentOf(message, part));
  if (decoded.result === 'damaged') return decoded;
  const { correlationKey, properties, recipients } = decoded.message;
  const header = headerValue(headerFields(message.subarray(0, bodyStart(message) ?? message.length)), correlator.toLowerCase(), longestKey);
  if (header && correlationKey && header !== correlationKey.trim()) return { result: 'foreign' };
  const others = new Set(parts.filter((other) => other !== part).map(({ contentType }) => contentType));
  const held = await partsOf(decoded.message, { hasText: others.has('text/plain'), hasHtml: others.has('text/html') });
  return { result: 'expanded', content: replaced(message, part, held), properties, recipients };
}

interface Others {
  readonly hasText: boolean;
  readonly hasHtml: boolean;
}

interface Held {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What the stream holds, as the body of a multipart; undefined if it is properties alone. */
async function partsOf(message: TnefMessage, others: Others): Promise<Held | undefined> {
  const root = mixed(message);
  await fill(root, message, others);
  if (root.childNodes.length === 0) return undefined;
  const bytes = await collected(serialise(root));
  return { contentType: `multipart/mixed; boundary="${String(root.boundary)}"`, body: bytes.subarray(bodyStart(bytes) ?? 0) };
}

/** The same message gives the same boundary. */
function mixed(message: TnefMessage): MimeNode {
  const digest = createHash('sha256').update(JSON.stringify([message.key, message.properties, message.text, message.html]));
  for (const { name, content } of message.attachments) digest.update(name).update(content);
  const root = new MimeNode('multipart/mixed', { baseBoundary: digest.digest('hex').slice(0, 32) });
  // nodemailer's root has these; where they are not wanted they are cut off with its header.
  return root.setHeader({ Date: formatDate(message.properties.clientSubmitTime ?? 0), 'Message-ID': message.properties.messageId ?? '<>' });
}

async function fill(node: MimeNode, { text, html, rtf, attachments }: TnefMessage, { hasText, hasHtml }: Others): Promise<void> {
  const plain = hasText ? undefined : text;
  const rich = hasHtml ? undefined : html;
  const body = plain !== undefined && rich !== undefined ? node.createChild('multipart/alternative') : node;
  if (plain !== undefined) body.createChild('text/plain; charset=utf-8').setContent(plain);
  if (rich !== undefined) body.createChild('text/html; charset=utf-8').setContent(rich);
  if (rtf) node.createChild('application/rtf', { filename: 'message.rtf' }).setContent(Buffer.from(rtf));
  for (const attachment of attachments) await attach(node, attachment);
}

async function attach(
  node: MimeNode,
  { name, contentType = 'application/octet-stream', contentId, content, message }: TnefAttachment,
): Promise<void> {
  if (message) return void node.createChild('message/rfc822', { filename: `${name}.eml` }).setContent(Buffer.from(await attachedMail(message)));
  // A type that holds others has a form of its own, which bytes from a stream need not have.
  const type = /^(?:multipart|message)\//.test(contentType) ? 'application/octet-stream' : contentType;
  const child = node.createChild(type, { filename: name });
  if (contentId !== undefined) child.setHeader('Content-ID', `<${contentId}>`);
  child.setHeader('Content-Transfer-Encoding', 'base64').setContent(Buffer.from(content));
}

async function attachedMail(message: TnefMessage): Promise<Uint8Array> {
  const root = mixed(message);
  const { subject, sender } = message.properties;
  if (subject !== undefined) root.setHeader('Subject', subject);
  if (sender) root.setHeader('From', { name: sender.name ?? '', address: sender.address });
  await fill(root, message, { hasText: false, hasHtml: false });
  if (root.childNodes.length === 0) root.createChild('text/plain').setContent('');
  const bytes = await collected(serialise(root));
  const { clientSubmitTime, messageId } = message.properties;
  const unknown = [...(clientSubmitTime === undefined ? ['date'] : []), ...(messageId === undefined ? ['message-id'] : [])];
  const start = bodyStart(bytes) ?? bytes.length;
  const known = headerFields(bytes.subarray(0, start)).filter(({ name }) => !unknown.includes(name));
  return Buffer.concat([...known.map(({ raw }) => raw), Buffer.from('\r\n'), bytes.subarray(start)]);
}

/** Only the part changes, and of it not what it says beside its content. */
function replaced(message: Uint8Array, part: MimePart, held: Held | undefined): Uint8Array {
  const before = message.subarray(0, held || part.start === 0 ? part.start : part.delimiter);
  const after = message.subarray(held || part.start === 0 ? part.end : nextLine(message, part.end));
  const kept = part.start === 0 ? part.fields.filter((field) => !describesContent(field)).map(({ raw }) => raw) : [];
  const isMime = part.start === 0 ? ['MIME-Version: 1.0\r\n'] : [];
  const type = held ? [`Content-Type: ${held.contentType}\r\n`] : part.start === 0 ? ['Content-Type: text/plain\r\n'] : [];
  const head = [...isMime, ...type].map((line) => Buffer.from(line, 'latin1'));
  const isWhole = held !== undefined || part.start === 0;
  return Buffer.concat([
    before,
    ...kept,
    ...head,
    ...(isWhole ? [Buffer.from('\r\n'), withoutLastBreak(held?.body ?? new Uint8Array())] : []),
    after,
  ]);
}

const describesContent = ({ name }: HeaderField): boolean => name.startsWith('content-') || name === 'mime-version';

/** The line break before the next delimiter stays with what follows. */
const withoutLastBreak = (body: Uint8Array): Uint8Array => (body.at(-2) === 13 && body.at(-1) === 10 ? body.subarray(0, -2) : body);

function nextLine(message: Uint8Array, end: number): number {
  return end + (message[end] === 13 ? 2 : message[end] === 10 ? 1 : 0);
}
