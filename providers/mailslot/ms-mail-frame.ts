// The Remote Mailslot Protocol (MS-MAIL) over NetBIOS datagrams: what Windows and Samba speak.
import type { Random } from 'mailspool/provider';
import { decodeMailslotWrite, encodeMailslotWrite, maxRequestBytes, maxWriteBytes } from './mailslot-write.ts';
import { slotKey } from './name.ts';
import {
  datagramType,
  decodeNetbiosDatagram,
  encodeNetbiosDatagram,
  netbiosDatagramPort,
  type NetbiosName,
  netbiosOverheadBytes,
} from './netbios-datagram.ts';
import type { Datagram, DropReason, WireFormat } from './wire-format.ts';

export interface MsMailOptions {
  /** What datagrams say of where they come from. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
}

/** The sixteenth byte of a name: workstation, and the local master browser, which reads `\MAILSLOT\BROWSE` (MS-BRWS). */
const workstation = 0x00;
const localMaster = 0x1d;

/** Announcements to everybody go to these. */
const everybody: readonly string[] = ['*', '\x01\x02__MSBROWSE__\x02'];
/** A scope of several labels of at most 63 bytes may stand behind each name. */
const maxScopeBytes = 510;

export const msMailFormat = (random: Random, { sourceAddress, sourcePort }: MsMailOptions): WireFormat => ({
  name: 'ms-mail',
  defaultPort: netbiosDatagramPort,
  maxFrameBytes: netbiosOverheadBytes + maxScopeBytes + maxRequestBytes,
  maxDataBytes: maxWriteBytes,
  encode: (datagram) =>
    encodeNetbiosDatagram({
      type: datagram.scope === 'host' ? datagramType.directUnique : datagramType.directGroup,
      id: new DataView(random.bytes(2).buffer).getUint16(0),
      sourceAddress,
      sourcePort,
      source: { name: datagram.source, suffix: workstation },
      destination: destinationOf(datagram),
      data: encodeMailslotWrite(datagram),
    }),
  decode,
});

const destinationOf = ({ scope, target, path }: Datagram): NetbiosName => ({
  name: target,
  suffix: scope === 'domain' && slotKey(path) === 'browse' ? localMaster : workstation,
});

function decode(frame: Buffer): Datagram | DropReason {
  const packet = decodeNetbiosDatagram(frame);
  if (!packet) return 'malformed';
  const write = decodeMailslotWrite(packet.data);
  if (typeof write === 'string') return write;
  const { name } = packet.destination;
  return {
    source: packet.source.name,
    // A unique name may be a domain's all the same: its master browser's.
    scope: packet.type === datagramType.directUnique ? 'host' : 'domain',
    target: everybody.includes(name) ? '*' : name,
    path: write.path,
    data: write.data,
  };
}
