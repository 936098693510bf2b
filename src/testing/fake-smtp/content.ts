// The content after DATA: up to the lone dot, dots undone (RFC 5321 section 4.5.2), whatever the chunks it comes in.
import type { Wire } from '../net/wire.ts';

export type Content = { readonly raw: Uint8Array } | 'tooLarge' | 'gone';

const lineEndAndDot = Buffer.from('\r\n.');
const end = Buffer.from('\r\n.\r\n');
/** Length of the dot and its line end, which are not content. */
const finalDot = 3;

/** Reads until the final dot. What is larger than `maxBytes` is read and thrown away; after `dropAtByte` bytes it gives up. */
export async function readContent(wire: Wire, maxBytes: number, dropAtByte: number): Promise<Content> {
  const parts: Buffer[] = [];
  let kept = 0;
  let seen = 0;
  // A dot at the very beginning is at the beginning of a line, too.
  let tail: Buffer = Buffer.from('\r\n');
  for (;;) {
    const chunk = await wire.chunk();
    if (!chunk) return 'gone';
    const joined = Buffer.concat([tail, chunk]);
    const at = joined.indexOf(end);
    const content = at < 0 ? chunk : chunk.subarray(0, Math.max(0, at + end.length - tail.length));
    seen += content.length;
    if (seen >= dropAtByte) return 'gone';
    if (kept - finalDot <= maxBytes) {
      parts.push(content);
      kept += content.length;
    }
    if (at >= 0) {
      wire.unread(joined.subarray(at + end.length));
      return kept - finalDot > maxBytes ? 'tooLarge' : { raw: undoDots(Buffer.concat(parts)) };
    }
    tail = joined.subarray(-(end.length - 1));
  }
}

/** Takes the final `.CRLF` off, and one dot of every line that begins with one. */
function undoDots(sent: Buffer): Uint8Array {
  const body = sent.subarray(0, -finalDot);
  const parts: Buffer[] = [];
  let from = body[0] === lineEndAndDot[2] ? 1 : 0;
  for (let at = body.indexOf(lineEndAndDot, from); at >= 0; at = body.indexOf(lineEndAndDot, from)) {
    parts.push(body.subarray(from, at + 2));
    from = at + lineEndAndDot.length;
  }
  // A copy of its own: what is kept must not hold the whole of a read buffer.
  return Uint8Array.from(Buffer.concat([...parts, body.subarray(from)]));
}
