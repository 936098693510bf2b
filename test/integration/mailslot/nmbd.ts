// Samba's name server as local master browser of a workgroup, in a namespace of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from './subnet.ts';

const binaries = ['/usr/sbin/nmbd', '/usr/local/sbin/nmbd', '/usr/local/samba/sbin/nmbd'];
const directories = ['lock', 'state', 'cache', 'pid', 'private', 'log'];

/** Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasNmbd(whatIsNotShown: string): boolean {
  if (binaries.some((binary) => existsSync(binary))) return true;
  if (process.env['CI'] === 'true') throw new Error('nmbd (package samba) is not installed, and CI=true requires it');
  process.stderr.write(`skipped, nmbd (package samba) is not installed: ${whatIsNotShown}\n`);
  return false;
}

export interface Browsed {
  readonly name: string;
  /** The type of a server: bits of MS-BRWS 2.2.1. */
  readonly type: number;
  readonly comment: string;
  readonly workgroup: string;
}

export interface Nmbd extends AsyncDisposable {
  /** Its browse list, as it last wrote it. */
  browseList(): Promise<readonly Browsed[]>;
  log(): Promise<string>;
}

export async function startNmbd(place: Place, workgroup: string): Promise<Nmbd> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-nmbd-'));
  const at = (name: string) => join(directory, name);
  for (const name of directories) await mkdir(at(name));
  const settings = {
    workgroup,
    'netbios name': place.name,
    interfaces: `${place.address}/24`,
    'local master': 'yes',
    'preferred master': 'yes',
    'os level': '255',
    'domain master': 'no',
    'server string': 'the stranger',
    'log level': '3',
    'log file': at('log/nmbd'),
    'lock directory': at('lock'),
    'state directory': at('state'),
    'cache directory': at('cache'),
    'pid directory': at('pid'),
    'private dir': at('private'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(at('smb.conf'), `[global]\n${lines.join('')}`);
  // Where it looks for those who want replies, whatever the configuration says.
  await mkdir('/run/samba', { recursive: true });
  const binary = binaries.find((one) => existsSync(one)) ?? 'nmbd';
  const line: readonly string[] = [...place.under, binary, '--foreground', '--no-process-group', '-s', at('smb.conf')];
  const [command = '', ...args] = line;
  const child = spawn(command, args, { stdio: 'ignore' });
  const gone = once(child, 'exit');
  return {
    browseList: async () => (await readFile(at('cache/browse.dat'), 'utf8').catch(() => '')).split('\n').flatMap(browsed),
    log: async () => await readFile(at('log/nmbd'), 'utf8').catch(() => ''),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `"NAME" 40011003 "comment" "WORKGROUP"`. */
const browsed = (line: string): readonly Browsed[] => {
  const [, name = '', type = '', comment = '', workgroup = ''] = /^"(.*?)"\s+([0-9a-f]{8})\s+"(.*?)"\s+"(.*?)"/.exec(line) ?? [];
  return name === '' ? [] : [{ name, type: Number.parseInt(type, 16), comment, workgroup }];
};
