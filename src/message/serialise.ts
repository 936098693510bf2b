// nodemailer's MIME tree as bytes. A message whose contents are all at hand is written in one go, which is several
// times faster than nodemailer's stream and gives the same bytes; everything else goes through that stream.
import type MimeNode from 'nodemailer/lib/mime-node';
import * as base64 from 'nodemailer/lib/base64';
import * as quotedPrintable from 'nodemailer/lib/qp';
import { MailspoolError } from '../errors.ts';
import type { Bytes } from './message.ts';
import { canonicalChunks, canonicalForm } from './canonical-form.ts';

/** Above this a message is streamed, so that composing it does not hold up everybody else. */
const atOnceBytes = 256 * 1024;
const slice = 64 * 1024; // nodemailer's encoders work in slices of this size; within one the results are equal

export function serialise(root: MimeNode): Bytes {
  if (sizeAtHand(root) > atOnceBytes) return canonicalChunks(chunksOf(root));
  const pieces: (string | Buffer)[] = [];
  write(root, pieces);
  return canonicalForm(pieces.every((piece) => typeof piece === 'string') ? Buffer.from(pieces.join('')) : Buffer.concat(pieces.map(asBuffer)));
}

/** The size of all contents; infinite if one has to be read from elsewhere. */
function sizeAtHand(node: MimeNode): number {
  if (Reflect.get(node, '_raw')) return Number.POSITIVE_INFINITY;
  const { content } = node;
  if (content === undefined || typeof content === 'string' || Buffer.isBuffer(content)) {
    const own = content?.length ?? 0;
    if (own > slice && node.getTransferEncoding() === 'quoted-printable') return Number.POSITIVE_INFINITY;
    return node.childNodes.reduce((sum, child) => sum + sizeAtHand(child), own);
  }
  return Number.POSITIVE_INFINITY;
}

function write(node: MimeNode, out: (string | Buffer)[]): void {
  const encoding = node.getTransferEncoding();
  out.push(`${node.buildHeaders()}\r\n\r\n`);
  if (node.content !== undefined && node.content !== '') out.push(encoded(node, encoding));
  if (!node.multipart) return;
  node.childNodes.forEach((child, index) => {
    out.push(`${index > 0 ? '\r\n' : ''}--${String(node.boundary)}\r\n`);
    write(child, out);
  });
  out.push(`\r\n--${String(node.boundary)}--\r\n`);
}

function encoded(node: MimeNode, encoding: string | false): string | Buffer {
  const content = node.content as string | Buffer;
  if (encoding === 'base64') return base64.wrap(base64.encode(content), 76);
  if (encoding === 'quoted-printable') return quotedPrintable.wrap(quotedPrintable.encode(content), 76);
  return content;
}

const asBuffer = (piece: string | Buffer): Buffer => (typeof piece === 'string' ? Buffer.from(piece) : piece);

async function* chunksOf(root: MimeNode): AsyncGenerator<Uint8Array> {
  try {
    yield* root.createReadStream() as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new MailspoolError('EINVALID', `a content of the message could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
