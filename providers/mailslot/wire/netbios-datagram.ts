// NetBIOS datagrams over UDP: RFC 1001 section 14.1 (names), RFC 1002 section 4.4.1 and 4.4.2 (the datagram).

export const netbiosDatagramPort = 138;

/** RFC 1002 section 4.4.1. */
export const datagramType = { directUnique: 0x10, directGroup: 0x11, broadcast: 0x12 } as const;

export interface NetbiosName {
  /** At most 15 characters, upper case, without the padding. */
  readonly name: string;
  /** The sixteenth byte: what kind of name it is. */
  readonly suffix: number;
}

export interface NetbiosDatagram {
  readonly type: number;
  readonly id: number;
  /** What the sender says it is; it need not be where the packet came from. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly source: NetbiosName;
  readonly destination: NetbiosName;
  readonly data: Buffer;
}

const headerBytes = 14;
const encodedNameBytes = 34;
/** FIRST, of a node of type B; MORE is never set, since nothing is fragmented. */
const firstFragment = 0x02;
const moreFragments = 0x01;

export const netbiosOverheadBytes: number = headerBytes + 2 * encodedNameBytes;

export function encodeNetbiosDatagram({ type, id, sourceAddress, sourcePort, source, destination, data }: NetbiosDatagram): Buffer {
  const header = Buffer.alloc(headerBytes);
  header[0] = type;
  header[1] = firstFragment;
  header.writeUInt16BE(id, 2);
  for (const [index, part] of sourceAddress.split('.').entries()) header[4 + index] = Number(part);
  header.writeUInt16BE(sourcePort, 8);
  header.writeUInt16BE(2 * encodedNameBytes + data.length, 10);
  return Buffer.concat([header, encodeName(source), encodeName(destination), data]);
}

/** `undefined`: no datagram, a fragment, or not whole. */
export function decodeNetbiosDatagram(packet: Buffer): NetbiosDatagram | undefined {
  if (packet.length < headerBytes + 2 * encodedNameBytes) return undefined;
  const type = packet[0] as number;
  const flags = packet[1] as number;
  if (type < datagramType.directUnique || type > datagramType.broadcast) return undefined;
  const isWhole = (flags & firstFragment) !== 0 && (flags & moreFragments) === 0 && packet.readUInt16BE(12) === 0;
  const end = headerBytes + packet.readUInt16BE(10);
  if (!isWhole || end > packet.length) return undefined;
  const source = decodeName(packet, headerBytes, end);
  const destination = source && decodeName(packet, source.end, end);
  if (!destination) return undefined;
  return {
    type,
    id: packet.readUInt16BE(2),
    sourceAddress: [...packet.subarray(4, 8)].join('.'),
    sourcePort: packet.readUInt16BE(8),
    source: source.name,
    destination: destination.name,
    data: packet.subarray(destination.end, end),
  };
}

const lettersFrom = 0x41;

/** First-level encoding: each half byte is a letter from A to P. */
function encodeName({ name, suffix }: NetbiosName): Buffer {
  const plain = Buffer.alloc(16, ' ');
  plain.write(name.toUpperCase(), 0, 15, 'latin1');
  plain[15] = suffix;
  const encoded = Buffer.alloc(encodedNameBytes);
  encoded[0] = 32;
  for (const [index, byte] of plain.entries()) {
    encoded[1 + 2 * index] = lettersFrom + (byte >> 4);
    encoded[2 + 2 * index] = lettersFrom + (byte & 0x0f);
  }
  return encoded;
}

/** The name at `at`, and where what follows begins; the labels of a NetBIOS scope are passed over. */
function decodeName(packet: Buffer, at: number, limit: number): { readonly name: NetbiosName; readonly end: number } | undefined {
  if (packet[at] !== 32 || at + encodedNameBytes > limit) return undefined;
  const plain = Buffer.alloc(16);
  for (let index = 0; index < 16; index += 1) {
    const high = (packet[at + 1 + 2 * index] as number) - lettersFrom;
    const low = (packet[at + 2 + 2 * index] as number) - lettersFrom;
    if (high < 0 || high > 15 || low < 0 || low > 15) return undefined;
    plain[index] = (high << 4) | low;
  }
  let end = at + 33;
  for (;;) {
    const label = packet[end];
    if (label === undefined || end >= limit || label > 63) return undefined;
    end += 1 + label;
    if (label === 0) break;
  }
  return { name: { name: plain.toString('latin1', 0, 15).replace(/[ \0]+$/, ''), suffix: plain[15] as number }, end };
}
