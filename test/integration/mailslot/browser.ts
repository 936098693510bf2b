// What the test says to browsers of the network (MS-BRWS).

const hostAnnouncement = 0x01;
const workstationAndServer = 0x00000003;

/** MS-BRWS 2.2.1. */
export function announcement(name: string, comment: string): Buffer {
  const frame = Buffer.alloc(32);
  frame[0] = hostAnnouncement;
  frame.writeUInt32LE(60_000, 2);
  frame.write(name.toUpperCase(), 6, 15, 'latin1');
  frame.set([4, 9], 22);
  frame.writeUInt32LE(workstationAndServer, 24);
  frame.set([15, 1], 28);
  frame.writeUInt16LE(0xaa55, 30);
  return Buffer.concat([frame, Buffer.from(`${comment}\0`, 'latin1')]);
}
