// One mail as one message of a mailslot: the recipient as it was addressed and the content with all its bytes, beside an
// identifier by which the receiving side knows repeats. For datagrams it is packed, since 424 bytes hold few headers.
//
//   'MS'  version 1  form 1 (0: as it is, 1: packed)  id 12  recipient  LF  content
//   packed (RFC 1951): recipient, LF and content, with the dictionary below
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export interface Envelope {
  /** 24 hexadecimal digits; the same for each attempt of one message to one slot. */
  readonly id: string;
  /** The mailslot name that the sender wrote. */
  readonly recipient: string;
  /** RFC 5322. */
  readonly content: Uint8Array;
}

export interface EnvelopeSubject {
  readonly entryId: string;
  /** Names of one slot differ in letter case only. */
  readonly path: readonly string[];
  readonly content: Uint8Array;
}

const magic = Buffer.from('MS');
const version = 1;
const form = { plain: 0, packed: 1 } as const;
const idBytes = 12;
const headBytes: number = magic.length + 2 + idBytes;
/** A datagram of 424 bytes unpacks to no more than a thousandfold; nobody needs as much. */
const maxUnpackedBytes = 1_048_576;
const newline = 0x0a;

/** What notes begin with. Never change it: add a form with another one. The last bytes are the cheapest to refer to. */
const dictionary: Buffer = Buffer.from(
  [
    'charset=us-ascii; format=flowed Reply-To: Cc: Sender: In-Reply-To: References: X-Priority: Importance: multipart/alternative; boundary="',
    'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Sun, Mon, Tue, Wed, Thu, Fri, Sat,  20 +0100 -0500 the and you for that will with have not are from is to of in on at ',
    '\\mailslot\\\\\\*\\mailslot\\\\\\.\\mailslot\\\n',
    'To: IMCEAMAILSLOT-+5C+5C+2E+5Cmailslot+5C, IMCEAMAILSLOT-+5C+5C+2A+5Cmailslot+5C@localhost.local>\r\n',
    'From: \r\nTo: \r\nSubject: \r\nMessage-ID: <0123456789abcdef-@\r\nDate: >\r\n',
    'Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n',
    'MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n',
  ].join(''),
  'latin1',
);

export function envelopeId({ entryId, path, content }: EnvelopeSubject): string {
  return createHash('sha256')
    .update(`${entryId}\n${path.join('\\').toLowerCase()}\n`)
    .update(content)
    .digest('hex')
    .slice(0, 2 * idBytes);
}

/** `packed`: as small as it gets, for datagrams. */
export function encodeEnvelope({ id, recipient, content }: Envelope, { packed }: { readonly packed: boolean }): Buffer {
  const head = Buffer.concat([magic, Buffer.of(version, packed ? form.packed : form.plain), Buffer.from(id, 'hex')]);
  const body = [Buffer.from(`${recipient}\n`), content];
  return Buffer.concat(packed ? [head, deflateRawSync(Buffer.concat(body), { level: 9, memLevel: 9, dictionary })] : [head, ...body]);
}

/** Never throws: `undefined` is what is no envelope. */
export function decodeEnvelope(data: Uint8Array): Envelope | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < headBytes || !bytes.subarray(0, magic.length).equals(magic) || bytes[2] !== version) return undefined;
  const body = bodyOf(bytes[3] as number, bytes.subarray(headBytes));
  const end = body?.indexOf(newline) ?? -1;
  if (body === undefined || end < 1) return undefined;
  return { id: bytes.toString('hex', 4, headBytes), recipient: body.toString('utf8', 0, end), content: body.subarray(end + 1) };
}

function bodyOf(how: number, rest: Buffer): Buffer | undefined {
  if (how === form.plain) return rest;
  if (how !== form.packed) return undefined;
  try {
    return inflateRawSync(rest, { dictionary, maxOutputLength: maxUnpackedBytes });
  } catch {
    return undefined;
  }
}
