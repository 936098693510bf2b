// The packed tarball as a stranger gets it: packed, installed into an empty folder, loaded by import and by require,
// type-checked as nodenext and as a bundler would, linted by publint. Under each Node given by --node <version>, which
// is fetched from npm; always under the one that runs this. Ends with `N passed, N failed`.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const versions = process.argv.slice(2).filter((argument) => argument !== '--node');
const environment = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
const run = (command, args, cwd, env = environment) => promisify(execFile)(command, args, { cwd, env, maxBuffer: 1e8, timeout: 300_000 });

let passed = 0;
let failed = 0;

async function shows(promise, check) {
  try {
    await check();
    passed++;
    console.log(`ok      ${promise}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${promise}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stdout === undefined ? error.stack : ''}`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'mailspool-smoke-'));
try {
  let consumer;
  await shows('U-063 the tarball packs and installs', async () => (consumer = await installed(folder)));
  if (consumer !== undefined) await consumed(consumer);
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function consumed(consumer) {
  await shows('U-063 publint finds nothing in the tarball', () =>
    run(join(root, 'node_modules/.bin/publint'), ['--strict', join(folder, 'packed.tgz')], root),
  );
  for (const [name, options] of Object.entries({ nodenext: { module: 'nodenext' }, bundler: { module: 'esnext', moduleResolution: 'bundler' } })) {
    await shows(`U-063 types resolve under ${name}`, () => typesResolve(consumer, name, options));
  }
  await underNode('this Node', process.execPath, consumer);
  for (const version of versions) await underNode(`Node ${version}`, await fetchedNode(version), consumer);
}

async function installed(folder) {
  await run('npm', ['pack', '--pack-destination', folder], root);
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await cp(join(folder, tarball), join(folder, 'packed.tgz'));
  const consumer = join(folder, 'consumer');
  await cp(join(root, 'test/smoke/consumer'), consumer, { recursive: true });
  await writeFile(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const types = ['@types/node', '@types/nodemailer', 'typescript'].flatMap((name) =>
    devDependencies[name] ? [`${name}@${devDependencies[name]}`] : [],
  );
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, 'packed.tgz'), ...types], consumer);
  return consumer;
}

async function typesResolve(consumer, name, options) {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    ...options,
  };
  await writeFile(join(consumer, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  await run(join(consumer, 'node_modules/.bin/tsc'), ['-p', `tsconfig.${name}.json`, '--pretty', 'false'], consumer);
}

async function underNode(name, node, consumer) {
  const { stdout } = await run(node, ['-v'], consumer);
  const label = `${name} (${stdout.trim()})`;
  await shows(`U-063 import works under ${label}`, () => quiet(node, ['esm.mjs'], consumer));
  await shows(`U-063 require works under ${label}`, () => quiet(node, ['common.cjs'], consumer));
  await shows(`U-062 mailspool/testing works alone, with node:test and without the engine, under ${label}`, () =>
    quiet(node, ['--test', 'testing-alone.test.mjs'], consumer),
  );
  await shows(`U-063 the command line starts under ${label}`, () =>
    quiet(node, ['node_modules/mailspool/dist/src/host/cli/main.js', '--help'], consumer),
  );
}

/** A program that ends well and says nothing on stderr: no warnings reach a user. */
async function quiet(node, args, consumer) {
  const { stdout, stderr } = await run(node, args, consumer);
  if (stderr !== '') throw Object.assign(new Error('it wrote to stderr'), { stdout, stderr });
}

/** The bare binary package: it has no install script. */
async function fetchedNode(version) {
  const prefix = join(folder, `node-${version}`);
  await mkdir(prefix);
  await run(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', prefix, `node-${process.platform}-${process.arch}@${version}`],
    folder,
  );
  return join(prefix, 'node_modules/.bin/node');
}
