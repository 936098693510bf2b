// A package registry on the loopback: this repository's packed tarball under its name, and what it depends on as it is
// installed here. So that a guide's `npx` and `npm install` run as they stand, without a network.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

interface Locked {
  readonly version: string;
  /** Where it is installed, if it is; undefined: this package. */
  readonly path?: string;
  readonly [field: string]: unknown;
}

export interface LoopbackRegistry extends AsyncDisposable {
  readonly url: string;
  /** Names that were asked for and are not here. */
  readonly missing: readonly string[];
}

export async function loopbackRegistry(): Promise<LoopbackRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'mailspool-registry-'));
  const packages = await lockedPackages();
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname.slice(1));
    const [name = '', version] = path.replace(/\.tgz$/, '').split('/-/');
    const versions = packages.get(name)?.filter((each) => version === undefined || each.version === version) ?? [];
    if (versions.length === 0) {
      missing.push(path);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const answer = version === undefined ? document(name, versions, { url: registry.url, folder }) : tarball(name, versions[0] as Locked, folder);
    answer.then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const registry: LoopbackRegistry = {
    url: await listening(server),
    missing,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return registry;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What the lock file says of each package, and of this one, by name. */
async function lockedPackages(): Promise<Map<string, Locked[]>> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Omit<Locked, 'path'>> };
  const { name: _, devDependencies: __, scripts: ___, ...own } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Locked;
  const known = new Map<string, Locked[]>([['mailspool', [own]]]);
  for (const [path, entry] of Object.entries(packages)) {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    if (name !== undefined) known.set(name, [...(known.get(name) ?? []), { ...entry, path } as Locked]);
  }
  return known;
}

async function document(name: string, versions: readonly Locked[], at: { readonly url: string; readonly folder: string }): Promise<string> {
  const described = versions.map(async (locked) => {
    const { path, integrity: _, dev: __, optional: ___, ...manifest } = locked;
    const isHere = path === undefined || existsSync(join(root, path));
    const integrity = isHere
      ? `sha512-${createHash('sha512')
          .update(await tarball(name, locked, at.folder))
          .digest('base64')}`
      : undefined;
    const dist = { tarball: `${at.url}${name}/-/${manifest.version}.tgz`, ...(integrity !== undefined && { integrity }) };
    return [manifest.version, { name, ...manifest, dist }] as const;
  });
  return JSON.stringify({ name, 'dist-tags': { latest: versions[0]?.version }, versions: Object.fromEntries(await Promise.all(described)) });
}

const tarballs = new WeakMap<Locked, Promise<Buffer>>();

function tarball(name: string, locked: Locked, folder: string): Promise<Buffer> {
  const known = tarballs.get(locked) ?? (locked.path === undefined ? packed(folder) : asInstalled(locked.path, `${name}@${locked.version}`, folder));
  tarballs.set(locked, known);
  return known;
}

/** Without its scripts: the tests have built what it holds. */
async function packed(folder: string): Promise<Buffer> {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, maxBuffer: 1e8 });
  const name = (await readdir(folder)).find((each) => each.endsWith('.tgz')) ?? '';
  return await readFile(join(folder, name));
}

async function asInstalled(path: string, name: string, folder: string): Promise<Buffer> {
  const file = join(folder, `${name.replaceAll('/', '+')}.tar.gz`);
  const inPlace = ['-I', 'gzip -1', '--exclude', './node_modules', '--transform', 's,^[.],package,', '-C', join(root, path)];
  await run('tar', ['-c', '-f', file, ...inPlace, '.']);
  return await readFile(file);
}
