// Wireshark's decoder: what a stranger reads in our datagrams, captured on an interface or written to a file.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Place } from './subnet.ts';

/** Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasTshark(whatIsNotShown: string): boolean {
  if (spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('tshark is not installed, and CI=true requires it');
  process.stderr.write(`skipped, tshark is not installed: ${whatIsNotShown}\n`);
  return false;
}

const fields = {
  type: 'nbdgm.type',
  sourceAddress: 'nbdgm.src.ip',
  source: 'nbdgm.source_name',
  destination: 'nbdgm.destination_name',
  command: 'smb.cmd',
  opcode: 'mailslot.opcode',
  mailslot: 'mailslot.name',
  setupWords: 'smb.sc',
  dataBytes: 'smb.dc',
  data: 'data.data',
  browserCommand: 'browser.command',
  browserServer: 'browser.server',
  browserComment: 'browser.comment',
  malformed: '_ws.malformed',
  protocols: 'frame.protocols',
} as const;

export type Decoded = Readonly<Record<keyof typeof fields, string>>;

/** Every packet of the file, as Wireshark reads it. */
export function decodedFile(path: string): readonly Decoded[] {
  const names = Object.keys(fields) as (keyof typeof fields)[];
  const args = ['-r', path, '-n', '-T', 'fields', '-E', 'separator=/t', ...names.flatMap((name) => ['-e', fields[name]])];
  const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return (
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Object.fromEntries(line.split('\t').map((value, at) => [names[at], value])) as Decoded)
      // Some versions print it in hexadecimal.
      .map((packet) => ({ ...packet, type: String(Number(packet.type)) }))
  );
}

/** As if each had gone from one computer to another, to port 138. */
export async function decoded(datagrams: readonly Buffer[]): Promise<readonly Decoded[]> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-pcap-'));
  try {
    const path = join(directory, 'datagrams.pcap');
    await writeFile(path, pcap(datagrams));
    return decodedFile(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export interface Capture extends AsyncDisposable {
  /** Once all are there. */
  packets(): Promise<readonly Decoded[]>;
}

const patienceSeconds = 20;

/** The next `count` packets. `undefined`: capturing is not permitted here. */
export async function capture({ under, name }: Place, filter: string, count: number): Promise<Capture | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-pcap-'));
  const path = join(directory, 'captured.pcap');
  const limits = ['-c', String(count), '-a', `duration:${patienceSeconds}`];
  const line: readonly string[] = [...under, 'tshark', '-i', 'eth0', '-f', filter, ...limits, '-w', path];
  const [command = '', ...args] = line;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(child, 'exit');
  const begun = new Promise<boolean>((done) =>
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (/Capture started/.test(line)) done(true);
    }),
  );
  const remove = async () => {
    child.kill('SIGTERM');
    await gone;
    await rm(directory, { recursive: true });
  };
  if (!(await Promise.race([begun, gone.then(() => false)]))) {
    await remove();
    process.stderr.write(`capturing is not permitted in the namespace of ${name}\n`);
    return undefined;
  }
  return {
    packets: async () => {
      await gone;
      return decodedFile(path);
    },
    [Symbol.asyncDispose]: remove,
  };
}

const linkTypeRaw = 101;

/** The classic format: a head, and before each packet its time and length; the packets begin with IPv4. */
function pcap(datagrams: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(linkTypeRaw, 20);
  const records = datagrams.map(udpPacket).flatMap((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return [record, packet];
  });
  return Buffer.concat([head, ...records]);
}

function udpPacket(data: Buffer): Buffer {
  const head = Buffer.alloc(28);
  head[0] = 0x45;
  head.writeUInt16BE(28 + data.length, 2);
  head[8] = 64;
  head[9] = 17;
  head.set([192, 0, 2, 1, 192, 0, 2, 2], 12);
  head.writeUInt16BE(138, 20);
  head.writeUInt16BE(138, 22);
  head.writeUInt16BE(8 + data.length, 24);
  return Buffer.concat([head, data]);
}
