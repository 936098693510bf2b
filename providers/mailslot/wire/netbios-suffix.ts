// The sixteenth byte of a NetBIOS name says what kind of name it is. Which one a mailslot write goes to follows from the
// mailslot and, for the browser's, from the first byte of the data (MS-BRWS 2.2, MS-ADTS 6.3.5).
import { slotKey } from '../name.ts';
import type { NetbiosName } from './netbios-datagram.ts';
import type { Datagram } from './wire-format.ts';

export const workstation = 0x00;
const domainControllers = 0x1c;
const localMaster = 0x1d;
const browsers = 0x1e;

/** All master browsers of the subnet, whatever their domain (MS-BRWS 2.2.7). */
export const masterBrowsers: NetbiosName = { name: '\x01\x02__MSBROWSE__\x02', suffix: 0x01 };
const domainAnnouncement = 0x0c;

/** By opcode; every other goes to all members, as the request for announcements does. */
const browserFrames: Readonly<Record<number, number>> = {
  0x01: localMaster, // HostAnnouncement
  0x08: browsers, // RequestElection
  0x09: localMaster, // GetBackupListRequest
  0x0b: browsers, // BecomeBackup
  0x0f: browsers, // LocalMasterAnnouncement
};

export function destinationName({ scope, target, path, data }: Datagram): NetbiosName {
  if (scope === 'host') return { name: target, suffix: workstation };
  const key = slotKey(path);
  if (key === 'browse' && data[0] === domainAnnouncement) return masterBrowsers;
  return { name: target, suffix: suffixOf(key, data[0]) };
}

function suffixOf(key: string, opcode: number | undefined): number {
  if (key === 'browse') return browserFrames[opcode ?? workstation] ?? workstation;
  return key === 'net\\netlogon' || key === 'net\\ntlogon' ? domainControllers : workstation;
}
