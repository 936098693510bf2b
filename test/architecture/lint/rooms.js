// Who may import whom: one row for each room, read by the lint rule mailspool/import-directions. The longest row that
// the importing file's path starts with decides; of its entries the longest that the imported path starts with, and a
// `!` forbids. A room may always import itself. `types` holds for `import type` only, beside `may`.

/** @typedef {{ may?: string[], types?: string[], packages?: string[] | 'any', packageTypes?: string[] }} Room */

const engine = {
  may: [
    'src/errors.ts',
    'src/message/',
    'src/time/',
    'src/provider/',
    'src/reports/',
    'src/store/message-store.ts',
    'src/spooler/', // the loops below narrow this
  ],
  packages: ['rxjs'],
  packageTypes: ['nodemailer'],
};

/** Decisions: they compute and import nothing of the engine but its types. */
const leaf = { ...engine, may: engine.may.filter((path) => path !== 'src/spooler/'), types: ['src/spooler/'] };

const provider = { may: ['src/provider/index.ts'] };

/** @type {Record<string, Room>} */
export const rooms = {
  // Whoever opens a new room or provider gives it a row.
  'src/': { may: ['!src/'] },
  'providers/': { may: ['!providers/'] },
  'src/index.ts': { may: ['src/', '!src/testing/'], packages: ['inversify'] },
  'src/errors.ts': {},
  'src/version.ts': {},
  'src/time/': { may: ['src/errors.ts'] },
  'src/message/': { may: ['src/errors.ts', 'src/time/random.ts'], types: ['src/time/'], packages: ['nodemailer', 'postal-mime'] },
  'src/provider/': { may: ['src/errors.ts', 'src/message/', 'src/time/'], types: ['src/store/message-store.ts'] },
  'src/store/': { may: ['src/errors.ts', 'src/message/', 'src/time/', '!src/store/embedded/'], types: ['src/provider/'] },
  'src/store/embedded/': {
    may: ['src/errors.ts', 'src/message/', 'src/time/', 'src/database/', 'src/store/', '!src/store/memory/'],
    types: ['src/provider/'],
  },
  'src/database/': { may: ['src/errors.ts', 'src/time/'], packages: ['libsql'] },
  'src/reports/': { may: ['src/errors.ts', 'src/message/', 'src/time/'], packages: ['postal-mime'] },
  'src/spooler/': engine,
  'src/spooler/outbound': { ...engine, may: [...engine.may, '!src/spooler/inbound'] },
  'src/spooler/inbound': { ...engine, may: [...engine.may, '!src/spooler/outbound'] },
  'src/spooler/routing': leaf,
  'src/spooler/settling': leaf,
  'src/spooler/turns': leaf,
  'src/spooler/processors': leaf,
  'src/host/': { may: ['src/', 'providers/'], packages: ['inversify', 'reflect-metadata', 'commander', 'zod', 'rxjs', 'nodemailer'] },
  'src/testing/': {
    may: ['src/', '!src/spooler/', 'src/spooler/contract.ts'],
    packages: ['smtp-server', 'postal-mime', 'rxjs', 'nodemailer'],
    packageTypes: ['vitest'],
  },
  'providers/smtp/': { ...provider, packages: ['nodemailer'] },
  'providers/imap/': { ...provider, packages: ['imapflow'] },
  'providers/loopback/': provider,
  'providers/mailslot/': provider,
  'providers/queue/': { may: [...provider.may, 'src/database/index.ts'], packages: ['zod'] },
  'providers/template/': provider,
  'providers/template/under-test.ts': { may: ['src/testing/index.ts', 'providers/template/'] },
  'test/bench/': { may: ['src/index.ts', 'src/provider/index.ts', 'src/testing/index.ts', 'providers/'], packages: 'any' },
  'docs/examples/': {
    may: ['src/index.ts', 'src/provider/index.ts', 'src/testing/index.ts', 'src/database/index.ts', 'providers/'],
    packages: 'any',
  },
};

/** @param {string} path @returns {[string, Room] | undefined} */
export const roomOf = (path) => longest(Object.keys(rooms), path, (key) => [key, rooms[key] ?? {}]);

/**
 * Whether the file at `from` may import the file at `to`; both are paths from the root of the repository.
 * @param {string} from @param {string} to @param {boolean} typeOnly
 */
export function mayImport(from, to, typeOnly) {
  const [key, room] = roomOf(from) ?? [];
  if (key === undefined || room === undefined) return true;
  const entries = [...(room.may ?? []), ...(typeOnly ? (room.types ?? []) : []), key];
  return longest(entries, to, (entry) => !entry.startsWith('!')) ?? false;
}

/** @param {string} from @param {string} name @param {boolean} typeOnly */
export function mayImportPackage(from, name, typeOnly) {
  const room = roomOf(from)?.[1];
  if (room === undefined || room.packages === 'any' || name.startsWith('node:')) return true;
  return (room.packages ?? []).includes(name) || (typeOnly && (room.packageTypes ?? []).includes(name));
}

/** @template T @param {string[]} entries @param {string} path @param {(entry: string) => T} answer @returns {T | undefined} */
function longest(entries, path, answer) {
  const plain = (/** @type {string} */ entry) => entry.replace(/^!/, '');
  const matching = entries.filter((entry) => path.startsWith(plain(entry))).sort((a, b) => plain(b).length - plain(a).length);
  return matching[0] === undefined ? undefined : answer(matching[0]);
}
