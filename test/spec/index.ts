// `npm run spec`: every numbered behaviour of the systems that are built, with the tests that show it. Exits with 1 if a
// [core] one has none. With --mutate: whether those tests fail once the behaviour is taken out.
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { behavioursOf, built, coverage, testTitles } from './behaviours.ts';
import { drawn, isCaught, mutate, sentence, type Verdict } from './mutation.ts';
import { removals } from './patches.ts';

const usage = `usage: npm run spec -- [options] [number...]

options
  --system NAME   mapi, mailslots, msmq, users or reliability; may be repeated (default ${built.join(', ')})
  --missing       only what has no test
  --mutate        takes each behaviour out of a copy by a small patch, shows which test fails, and names what survives
  --draw N        with --mutate: N patches, drawn
  --seed N        with --draw: draws the same again
  --json          one JSON array
  --help          this text
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    system: { type: 'string', multiple: true },
    missing: { type: 'boolean' },
    mutate: { type: 'boolean' },
    draw: { type: 'string' },
    seed: { type: 'string' },
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

/** At most two at once: each is a vitest with processes of its own. */
async function mutation(): Promise<number> {
  const asked = removals.filter(({ number }) => positionals.length === 0 || positionals.includes(number));
  const unknown = positionals.filter((number) => !removals.some((removal) => removal.number === number));
  for (const number of unknown) process.stderr.write(`there is no patch for ${number}\n`);
  const seed = whole('seed', values.seed ?? String(randomInt(1, 2 ** 31)));
  const chosen = values.draw === undefined ? asked : drawn(asked, whole('draw', values.draw), seed);
  if (values.draw !== undefined) process.stderr.write(`seed ${seed} draws ${chosen.map(({ number }) => number).join(' ')}\n`);
  const verdicts: Verdict[] = [];
  await mutate(chosen, { workers: Math.min(2, availableParallelism()) }, (verdict) => {
    verdicts.push(verdict);
    (values.json ? process.stderr : process.stdout).write(`${verdicts.length}/${chosen.length} ${sentence(verdict)}\n`);
  });
  const escaped = verdicts.filter((verdict) => !isCaught(verdict));
  if (values.json) process.stdout.write(`${JSON.stringify(verdicts, undefined, 2)}\n`);
  else if (escaped.length > 0) process.stdout.write(`\n${escaped.map(sentence).join('\n')}\n`);
  if (!values.json) process.stdout.write(`${verdicts.length - escaped.length} passed, ${escaped.length + unknown.length} failed\n`);
  return escaped.length + unknown.length > 0 ? 1 : 0;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  process.stderr.write(`--${name} must be a whole number above 0, not ${text}\n`);
  process.exit(2);
}

if (!values.mutate && (values.draw ?? values.seed) !== undefined) {
  process.stderr.write('--draw and --seed go with --mutate\n');
  process.exit(2);
}
process.exitCode = values.mutate && !values.help ? await mutation() : main();
