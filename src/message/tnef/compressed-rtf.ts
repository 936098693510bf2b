// RTF as PR_RTF_COMPRESSED holds it ([MS-OXRTFCP]): runs from a dictionary of 4 KiB that begins with common RTF.
import { ByteReader, Damaged } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const compressed = 0x75465a4c;
const uncompressed = 0x414c454d;
const headerBytes = 12;
const dictionaryBytes = 4096;
/** A run of at most 17 bytes takes two. */
const mostExpansion = 9;
const mostRawBytes = 16 * 1024 * 1024;
const begin =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial' +
  'Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx';

/** @throws Damaged */
export function decompressedRtf(bytes: Uint8Array): Uint8Array {
  const header = new ByteReader(bytes);
  const content = header.u32() - headerBytes;
  const rawBytes = header.u32();
  const kind = header.u32();
  header.u32();
  if (content < 0) throw new Damaged('compressed RTF is shorter than its header');
  const body = header.take(content);
  if (kind === uncompressed) return body.subarray(0, rawBytes);
  if (kind !== compressed) throw new Damaged('RTF is compressed in an unknown way');
  if (rawBytes > Math.min(mostRawBytes, body.length * mostExpansion)) throw new Damaged(`${body.length} bytes of RTF cannot become ${rawBytes}`);
  return expanded(new ByteReader(body), rawBytes);
}

function expanded(reader: ByteReader, rawBytes: number): Uint8Array {
  const dictionary = Buffer.alloc(dictionaryBytes);
  let at = dictionary.write(begin, 'latin1');
  const raw = Buffer.alloc(rawBytes);
  let done = 0;
  const put = (byte: number) => {
    dictionary[at] = byte;
    at = (at + 1) % dictionaryBytes;
    if (done < rawBytes) raw[done] = byte;
    done += 1;
  };
  while (reader.left > 0) {
    const control = reader.u8();
    for (let bit = 0; bit < 8 && reader.left > 0; bit += 1) {
      if ((control & (1 << bit)) === 0) {
        put(reader.u8());
        continue;
      }
      const run = (reader.u8() << 8) | reader.u8();
      const from = run >> 4;
      // The end is marked by a run that begins where the next byte would go.
      if (from === at) return raw.subarray(0, done);
      for (let n = 0; n < (run & 15) + 2; n += 1) put(dictionary[(from + n) % dictionaryBytes] ?? 0);
    }
  }
  return raw.subarray(0, done);
}

/** In the uncompressed form, which every reader knows. */
export const storedRtf = (rtf: Uint8Array): Uint8Array =>
  new ByteWriter()
    .u32(rtf.length + headerBytes)
    .u32(rtf.length)
    .u32(uncompressed)
    .u32(0)
    .bytes(rtf)
    .end();
