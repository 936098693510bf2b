// npm run simulate: many seeds, each a week of a spooler's life in which everything goes wrong that can. Exit code 1 if
// an invariant broke in one of them, or if something never occurred.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { checkMutants } from './mutants.ts';
import { runAll } from './pool.ts';
import { planned } from './plan.ts';
import { seedsFile, type FailedSeed } from './failed-seeds.ts';
import { shortest } from './shrink.ts';
import type { Run } from './simulate.ts';
import { asText, shortOf, summary } from './summary.ts';

const help = `npm run simulate -- [options]

  --seeds <n>     how many; default 200. A thousand take about ten minutes on two processors
  --from <n>      the first; default 1
  --seed <n>      only this one: a replay
  --steps <n>     only so many steps of its plan
  --days <n>      virtual days of each; default 7
  --workers <n>   processes; default: as many as there are processors
  --plan          with --seed: prints the steps of the plan
  --mutants       breaks the sources on purpose, and shows that the simulation finds each of these within 200 seeds
  --json          one object on standard output instead of the tables
  --help

A seed that fails is printed with the shortest beginning of its plan that still fails, and joins test/simulation/failed-seeds.json,
whose seeds the tests run.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    days: { type: 'string', default: '7' },
    workers: { type: 'string', default: String(availableParallelism()) },
    plan: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const days = whole('days', values.days);
const workers = whole('workers', values.workers);

async function main(): Promise<void> {
  if (values.mutants) return await mutants();
  const from = whole('from', values.seed ?? values.from);
  const count = values.seed === undefined ? whole('seeds', values.seeds) : 1;
  if (values.plan)
    process.stdout.write(
      `${planned(from, days)
        .map((step, at) => `${at + 1} ${JSON.stringify(step)}`)
        .join('\n')}\n`,
    );
  const runs = await runSeeds(from, count);
  const failed = runs.filter(({ failure }) => failure).sort((a, b) => a.seed - b.seed);
  const isReplay = values.seed !== undefined || values.steps !== undefined;
  const shrunk = [];
  for (const run of failed.slice(0, 5)) shrunk.push(isReplay ? run : await shortest(run, { days, workers }));
  const wrong = [...shrunk.map(sentence), ...more(failed.length - shrunk.length), ...(isReplay || failed.length > 0 ? [] : whatLacks(runs, count))];
  if (!isReplay) await remember(shrunk);
  const all = summary(runs);
  process.stdout.write(values.json ? `${JSON.stringify({ ...all, failures: shrunk, wrong })}\n` : `${isReplay ? replayed(runs) : asText(all)}\n`);
  for (const line of wrong) process.stderr.write(`${line}\n`);
  if (!values.json && !isReplay)
    process.stdout.write(`${count - failed.length} passed, ${failed.length + (wrong.length > failed.length ? 1 : 0)} failed\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

async function runSeeds(from: number, count: number): Promise<Run[]> {
  const steps = values.steps === undefined ? {} : { steps: whole('steps', values.steps) };
  const tasks = Array.from({ length: count }, (_, at) => ({ seed: from + at, days, ...steps }));
  const runs: Run[] = [];
  const begun = performance.now();
  await runAll(tasks, { workers }, (run) => {
    runs.push(run);
    if (run.failure) process.stderr.write(`seed ${run.seed} failed at step ${run.failure.step}: ${run.failure.text}\n`);
    if (runs.length % 50 === 0) process.stderr.write(`${runs.length} of ${count} seeds, ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
  });
  return runs;
}

/** Few seeds, or short ones, need not have everything. */
function whatLacks(runs: readonly Run[], count: number): string[] {
  const short = days === 7 ? runs.flatMap(shortOf) : [];
  return [...short, ...(count >= 200 && days === 7 ? summary(runs).missing : [])];
}

const sentence = ({ seed, steps, failure }: Run): string =>
  `seed ${seed} fails after ${steps} steps: ${failure?.text}\n  npm run simulate -- --seed ${seed} --steps ${steps}`;

const more = (count: number): string[] => (count > 0 ? [`and ${count} more seeds fail`] : []);

const replayed = (runs: readonly Run[]): string =>
  runs.map(({ seed, hash, steps, failure }) => `seed ${seed}, ${steps} steps, trace ${hash}: ${failure ? 'failed' : 'passed'}`).join('\n');

/** The tests run them from now on. */
async function remember(failed: readonly Run[]): Promise<void> {
  const known = JSON.parse(await readFile(seedsFile, 'utf8')) as FailedSeed[];
  const fresh = failed.filter(({ seed, steps }) => !known.some((one) => one.seed === seed && one.steps === steps));
  if (fresh.length === 0) return;
  const added = fresh.map(({ seed, steps, failure }) => ({ seed, days, steps, broke: failure?.invariant ?? '' }));
  await writeFile(seedsFile, `${JSON.stringify([...known, ...added], undefined, 2)}\n`);
}

async function mutants(): Promise<void> {
  const found = await checkMutants({ workers, seeds: 200, progress: (line) => process.stderr.write(`${line}\n`) });
  const missed = found.filter(({ run }) => !run);
  const lines = found.map(({ name, run }) => (run ? `${name}: found by seed ${run.seed}, ${run.failure?.invariant}` : `${name}: not found`));
  process.stdout.write(
    values.json ? `${JSON.stringify(found)}\n` : `${lines.join('\n')}\n${found.length - missed.length} passed, ${missed.length} failed\n`,
  );
  process.exitCode = missed.length > 0 ? 1 : 0;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  process.stderr.write(`--${name} must be a whole number above 0, not ${text}\n`);
  process.exit(2);
}

if (values.help) process.stdout.write(`${help}\n`);
else await main();
