// The Remote Mailslot Protocol (MS-MAIL) over NetBIOS datagrams: what Windows and Samba speak.
import type { Random } from 'mailspool/provider';
import { decodeMailslotWrite, encodeMailslotWrite, maxRequestBytes, maxWriteBytes } from './mailslot-write.ts';
import { datagramType, decodeNetbiosDatagram, encodeNetbiosDatagram, netbiosDatagramPort, netbiosOverheadBytes } from './netbios-datagram.ts';
import { destinationName, masterBrowsers, workstation } from './netbios-suffix.ts';
import type { Datagram, DropReason, WireFormat } from './wire-format.ts';

export interface MsMailOptions {
  /** What datagrams say of where they come from. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
}

/** Who is meant by these is everybody. */
const everybody: readonly string[] = ['*', masterBrowsers.name];
/** A scope of several labels of at most 63 bytes may stand behind each name. */
const maxScopeBytes = 510;
const maxFrameBytes: number = netbiosOverheadBytes + maxScopeBytes + maxRequestBytes;

export function msMailFormat(random: Random, { sourceAddress, sourcePort }: MsMailOptions): WireFormat {
  const encode = (datagram: Datagram): Buffer =>
    encodeNetbiosDatagram({
      type: datagram.scope === 'host' ? datagramType.directUnique : datagramType.directGroup,
      id: new DataView(random.bytes(2).buffer).getUint16(0),
      sourceAddress,
      sourcePort,
      source: { name: datagram.source, suffix: workstation },
      destination: destinationName(datagram),
      data: encodeMailslotWrite(datagram),
    });
  return {
    name: 'ms-mail',
    defaultPort: netbiosDatagramPort,
    maxFrameBytes,
    maxDataBytes: maxWriteBytes,
    encode,
    encoder:
      (way) =>
      ({ data }) =>
        encode({ ...way, data }),
    decode,
  };
}

function decode(frame: Buffer): Datagram | DropReason {
  if (frame.length > maxFrameBytes) return 'oversized';
  const packet = decodeNetbiosDatagram(frame);
  if (!packet) return 'malformed';
  const write = decodeMailslotWrite(packet.data);
  if (typeof write === 'string') return write;
  const { name } = packet.destination;
  return {
    // Names may have letters of any code page, but nothing that drives a terminal.
    source: packet.source.name.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?'),
    // A unique name may be a domain's all the same: its master browser's.
    scope: packet.type === datagramType.directUnique ? 'host' : 'domain',
    target: everybody.includes(name) ? '*' : name,
    path: write.path,
    data: write.data,
  };
}
