// Line ends in one form: every CR, LF or CRLF becomes CRLF, and the last line ends in one. Nothing else of a message
// is touched. docs/reference/canonical-form.md says why (T-030, X-002).
const CR = 13;
const LF = 10;

/** The whole text in canonical form; the same array if it already is. */
export function canonicalForm(bytes: Uint8Array): Uint8Array {
  const last = bytes.at(-1);
  if (isCanonical(bytes) && (last === undefined || last === LF)) return bytes;
  const lineEnds = new LineEnds();
  const text = lineEnds.take(bytes);
  if (lineEnds.openCr) return Buffer.concat([text, Uint8Array.of(LF)]);
  return text.at(-1) === LF ? text : Buffer.concat([text, Uint8Array.of(CR, LF)]);
}

/** The same for a stream, in the chunks that come. */
export async function* canonicalChunks(source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  const lineEnds = new LineEnds();
  let last: number | undefined;
  for await (const chunk of source) {
    const bytes = lineEnds.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    last = bytes.at(-1) ?? last;
    if (bytes.length > 0) yield bytes;
  }
  if (lineEnds.openCr) yield Uint8Array.of(LF);
  else if (last !== undefined && last !== LF) yield Uint8Array.of(CR, LF);
}

/** Whether CR and LF appear in pairs only. */
export function isCanonical(bytes: Uint8Array): boolean {
  let previous = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if ((byte === LF) !== (previous === CR)) return false;
    previous = byte;
  }
  return previous !== CR;
}

/** A CR at the end of a chunk waits for what the next one begins with. */
class LineEnds {
  openCr = false;

  take(bytes: Uint8Array): Uint8Array {
    if (!this.openCr && isCanonical(bytes)) return bytes;
    const out = Buffer.allocUnsafe(bytes.length * 2 + 2);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.openCr) {
        out[length++] = LF;
        this.openCr = false;
        if (byte === LF) continue;
      }
      if (byte === LF) out[length++] = CR;
      out[length++] = byte;
      this.openCr = byte === CR;
    }
    return out.subarray(0, length);
  }
}
