// The files of a new provider's package: the template under its new names, its conformance test, and what npm and
// TypeScript need around them. It depends on mailspool and the compiler alone.
import type { ProviderNames } from './provider-name.ts';

/** What of this package goes into the new one. */
export interface Sources {
  /** providers/template/index.ts */
  readonly template: string;
  /** providers/template/under-test.ts */
  readonly underTest: string;
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Path → text. */
export function providerFiles(names: ProviderNames, sources: Sources): Readonly<Record<string, string>> {
  return {
    'package.json': json(packageFile(names, sources)),
    'tsconfig.json': json(compilerSettings),
    '.gitignore': 'node_modules\ndist\n',
    'README.md': readme(names),
    'src/index.ts': `${head(names)}${renamed(withoutHead(sources.template), names)}`,
    'src/under-test.ts': `${underTestHead}${renamed(withoutHead(sources.underTest), names)}`,
    'src/conformance.test.ts': conformanceTest(names),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

function packageFile({ name }: ProviderNames, { version, devDependencies }: Sources) {
  const mailspool = `^${version}`;
  const { '@types/node': types = '*', typescript = '*' } = devDependencies;
  return {
    name: `mailspool-provider-${name}`,
    version: '0.1.0',
    description: `A transport provider for mailspool: ${name}.`,
    keywords: ['mailspool', 'mailspool-provider'],
    type: 'module',
    engines: { node: '>=20.19.0' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist', '!dist/*.test.*', '!dist/under-test.*'],
    scripts: { build: 'tsc', test: 'tsc && node --test dist/conformance.test.js', prepack: 'tsc' },
    peerDependencies: { mailspool },
    devDependencies: { '@types/node': types, mailspool, typescript },
  };
}

const compilerSettings = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    rootDir: 'src',
    outDir: 'dist',
    declaration: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    types: ['node'],
  },
  include: ['src'],
};

/** The comment that a file opens with speaks of the template. */
const withoutHead = (text: string): string => text.replace(/^(\/\/.*\n)+/, '');

/** In one pass, since the new names may contain the old ones. */
function renamed(text: string, { name, identifier, type, addressType }: ProviderNames): string {
  const others: Readonly<Record<string, string>> = {
    "'FILE'": `'${addressType}'`,
    "'template'": `'${name}'`,
    "'template: ": `'${name}: `,
    'mailspool-template-': `mailspool-${name}-`,
    Template: type,
  };
  return text.replace(
    /'FILE'|'template'|'template: |mailspool-template-|\bTemplate(?=[A-Z])|\btemplate(?=[A-Z]|\b)/g,
    (old) => others[old] ?? identifier,
  );
}

const head = ({
  name,
}: ProviderNames): string => `// The transport provider ${name}. As it was made it carries mail as .eml files in two directories; replace the four places
// marked 1 to 4, and keep \`npm test\` green.
`;

const underTestHead = `// The provider as the conformance suite wants it: made new for each case, with a view of its other side. Say \`true\` to more
// of it when the other side can do more; where it cannot, say why.
`;

const conformanceTest = ({
  name,
  identifier,
}: ProviderNames): string => `// What every transport provider promises, shown for this one. It runs under any test runner; this one is Node's.
import { describe, it } from 'node:test';
import { describeTransportProvider } from 'mailspool/testing';
import { ${identifier}Capabilities, ${identifier}UnderTest } from './under-test.ts';

describeTransportProvider(${identifier}UnderTest, ${identifier}Capabilities, { name: '${name}', runner: { describe, it } });
`;

const readme = ({ name, identifier, addressType }: ProviderNames): string => `# mailspool-provider-${name}

A transport provider for mailspool. It carries addresses of the type \`${addressType}\`: \`{ type: '${addressType}', address: '…' }\`.

\`\`\`ts
import { createSpooler, embeddedStore } from 'mailspool';
import { ${identifier} } from 'mailspool-provider-${name}';

const spooler = await createSpooler({
  store: embeddedStore({ directory: './spool' }),
  providers: [${identifier}({ outbox: './out', inbox: './in' })],
});
\`\`\`

\`npm test\` compiles it and runs the conformance suite of \`mailspool/testing\`. What it says as it was made: mail goes out as
files into one directory and comes in as files from another. What to change stands in \`src/index.ts\`, marked 1 to 4; what
the suite may see and do stands in \`src/under-test.ts\`.
`;
