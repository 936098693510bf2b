// npm run crash: kills a spooler again and again while it sends and receives, and counts what was lost or came twice.
// Exit code 1 if anything was lost, received twice, or sent twice more often than the kills explain.
import { parseArgs } from 'node:util';
import { meaning, type Phase } from './phases.ts';
import { crash, failures, type CrashResult } from './run.ts';

const help = `npm run crash -- [options]

  --kills <n>        how often the spooler is killed; default 200
  --messages <n>     accepted at least; default 102 for each kill
  --connections <n>  of the SMTP provider; default 5
  --seed <n>         for what is left to chance; default: another one each time
  --json             one object on standard output instead of the table
  --help

Needs Dovecot (dovecot-imapd) on this machine.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    messages: { type: 'string' },
    connections: { type: 'string', default: '5' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const kills = whole('kills', values.kills);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : whole('seed', values.seed);
  const messages = values.messages === undefined ? 102 * kills : whole('messages', values.messages);
  const begun = performance.now();
  process.stderr.write(`seed ${seed}\n`);
  const result = await crash({
    kills,
    messages,
    seed,
    connections: whole('connections', values.connections),
    progress: (done) => process.stderr.write(`killed ${done.kills} of ${kills} (${done.phase}), ${done.accepted} accepted, ${seconds(begun)} s\n`),
  });
  const wrong = failures(result);
  process.stdout.write(`${values.json ? asJson(result, seed, wrong) : asText(result)}\n`);
  for (const sentence of wrong) process.stderr.write(`${sentence}\n`);
  if (result.kept !== undefined) process.stderr.write(`The store is kept in ${result.kept}; seed ${seed}.\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  process.stderr.write(`--${name} must be a whole number above 0, not ${text}\n`);
  process.exit(2);
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

function asText(result: CrashResult): string {
  return [...histogram(result), '', ...remarks(result), totals(result)].join('\n');
}

function histogram({ kills }: CrashResult): string[] {
  const counts = byPhase(kills);
  return Object.entries(meaning).map(([phase, what]) => {
    const count = counts[phase] ?? 0;
    return `${phase.padEnd(18)}${String(count).padStart(4)}  ${'#'.repeat(count).padEnd(36)} ${what}`;
  });
}

function remarks({ delivered, kills, mostAtOneKill, boundAtOneKill, held, states }: CrashResult): string[] {
  const claimed = kills.map((kill) => kill.claimed);
  return [
    `claimed at a kill: ${Math.min(...claimed)} to ${Math.max(...claimed)}; sent again after one: at most ${mostAtOneKill} of ${boundAtOneKill}`,
    `received ${delivered}; set aside after three crashes and released: ${held}; recipients in the end: ${JSON.stringify(states)}`,
  ];
}

const totals = ({ kills, accepted, lost, receivedTwice, duplicated, bound }: CrashResult): string =>
  `kills=${kills.length} accepted=${accepted} lost=${lost.length} received-twice=${receivedTwice.length} duplicated=${duplicated} bound=${bound}`;

function asJson(result: CrashResult, seed: number, wrong: readonly string[]): string {
  const { kills, ...rest } = result;
  return JSON.stringify({ seed, kills: kills.length, phases: byPhase(kills), failures: wrong, ...rest });
}

function byPhase(kills: CrashResult['kills']): Partial<Record<string, number>> {
  const counts: Partial<Record<Phase, number>> = {};
  for (const { phase } of kills) counts[phase] = (counts[phase] ?? 0) + 1;
  return counts;
}

if (values.help) process.stdout.write(`${help}\n`);
else await main();
