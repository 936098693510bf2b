// `npm run spec`: every numbered behaviour of the systems that are built, with the tests that show it. Exits with 1 if a
// [core] one has none.
import { parseArgs } from 'node:util';
import { behavioursOf, built, coverage, testTitles } from './behaviours.ts';

const usage = `usage: npm run spec -- [options] [number...]

options
  --system NAME   mapi, mailslots, msmq, users or reliability; may be repeated (default ${built.join(', ')})
  --missing       only what has no test
  --json          one JSON array
  --help          this text
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    system: { type: 'string', multiple: true },
    missing: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

function main(): number {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const systems = values.system ?? built;
  const titles = testTitles();
  const asked = (number: string): boolean => positionals.length === 0 || positionals.includes(number);
  const rows = systems
    .flatMap((system) => coverage(system, titles))
    .filter(({ number, tests }) => asked(number) && !(values.missing && tests.length > 0));
  if (values.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else for (const { number, level, text, tests } of rows) print(number, level, text, tests);
  const missing = built.flatMap((system) => coverage(system, titles)).filter(({ level, tests }) => level === 'core' && tests.length === 0);
  const sum = systems.map((system) => `${system}: ${behavioursOf(system).length}`).join(', ');
  process.stderr.write(`${sum}; [core] without a test: ${missing.map(({ number }) => number).join(' ') || 'none'}\n`);
  return missing.length > 0 ? 1 : 0;
}

function print(number: string, level: string, text: string, tests: readonly { file: string; line: number; title: string }[]): void {
  process.stdout.write(`${number} [${level}] ${text}\n`);
  for (const { file, line, title } of tests) process.stdout.write(`    ${file}:${line}  ${title}\n`);
  if (tests.length === 0) process.stdout.write('    no test\n');
}

process.exitCode = main();
