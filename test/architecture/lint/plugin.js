// The lint rules of this repository: import directions by room, no bare reading of the clock, no `export *`. Loaded by
// oxlint (.oxlintrc.json), so that they show in the editor as well.
import { readFileSync } from 'node:fs';
import { posix, relative, sep } from 'node:path';
import { mayImport, mayImportPackage, roomOf } from './rooms.js';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

const importDirections = {
  create(context) {
    const from = relative(context.cwd, context.filename).split(sep).join('/');
    const check = (node, source, typeOnly) => {
      const problem = judge(from, source, typeOnly);
      if (problem !== undefined) context.report({ node, message: problem });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source.value, isTypeOnly(node, node.importKind)),
      ExportNamedDeclaration: (node) => node.source && check(node, node.source.value, isTypeOnly(node, node.exportKind)),
      ExportAllDeclaration: (node) => check(node, node.source.value, node.exportKind === 'type'),
      ImportExpression: (node) => node.source.type === 'Literal' && check(node, node.source.value, false),
      TSImportType: (node) => typeof node.source?.value === 'string' && check(node, node.source.value, true),
    };
  },
};

function isTypeOnly(node, kind) {
  const inner = (specifier) => (specifier.importKind ?? specifier.exportKind) === 'type';
  return kind === 'type' || (node.specifiers.length > 0 && node.specifiers.every(inner));
}

function judge(from, source, typeOnly) {
  const target = targetOf(from, source);
  if (target === undefined) return mayImportPackage(from, packageName(source), typeOnly) ? undefined : says(from, source);
  if (source.startsWith('.') && from.split('/')[0] !== target.split('/')[0] && roomOf(from) !== undefined) {
    return `${from} may import '${source}' by its published name only.`;
  }
  return mayImport(from, target, typeOnly) ? undefined : says(from, source);
}

const says = (from, source) => `'${roomOf(from)?.[0]}' may not import '${source}' (test/architecture/lint/rooms.js).`;

/** The imported file's path from the root; undefined for other packages. */
function targetOf(from, source) {
  if (source.startsWith('.')) return posix.join(posix.dirname(from), source);
  if (packageName(source) !== manifest.name) return undefined;
  const entry = manifest.exports[source.replace(manifest.name, '.')];
  return posix.normalize(entry?.['mailspool-source'] ?? source);
}

function packageName(source) {
  const [first, second] = source.split('/');
  return source.startsWith('@') ? `${first}/${second}` : source.startsWith('node:') ? source : first;
}

const isDate = (node) => node.callee.type === 'Identifier' && node.callee.name === 'Date';

const noBareDate = {
  create(context) {
    const report = (node) => context.report({ node, message: 'Take a Clock: only src/time reads the time.' });
    return {
      NewExpression: (node) => isDate(node) && node.arguments.length === 0 && report(node),
      CallExpression: (node) => isDate(node) && report(node),
    };
  },
};

const noExportAll = {
  create: (context) => ({
    ExportAllDeclaration: (node) => context.report({ node, message: 'Name what is exported: no barrels.' }),
  }),
};

export default {
  meta: { name: 'mailspool' },
  rules: { 'import-directions': importDirections, 'no-bare-date': noBareDate, 'no-export-all': noExportAll },
};
