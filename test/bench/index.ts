// `npm run bench -- <question>`: each question is answered in one run, contenders interleaved, on the built package.
// What is measured goes to stdout, progress to stderr. Exit code 0: measured; 1: something was lost or failed; 2: usage.
import { parseArgs } from 'node:util';
import type { Answer } from './answer.ts';
import { asJson, asText } from './answer.ts';
import type { BenchOptions } from './harness.ts';
import { fairness } from './fairness.ts';
import { mailslot } from './mailslot.ts';
import { flood } from './mailslot-flood.ts';
import { outbound } from './outbound.ts';
import { Unfit } from './place.ts';
import { queue } from './queue.ts';

const questions: Readonly<Record<string, (options: BenchOptions) => Promise<Answer>>> = { outbound, fairness, mailslot, flood, queue };

const help = `usage: npm run bench -- <question> [options]

questions
  outbound           mailspool's durable path to an SMTP server, beside nodemailer's pool
  fairness           what sessions keep beside one that floods, one that hangs and one that is slow
  mailslot           local messages beside a bare Unix socket, datagrams beside Node's dgram
  queue              message queues beside a bare SQLite table, and a million waiting messages
  flood              what a hub of mailslots does under 100,000 datagrams a second

options
  --messages N       messages of each contender after the warm-up (default 20000)
  --rounds N         rounds in which the contenders take turns (default 5)
  --directory DIR    where the store stands; not on a tmpfs (default node_modules/.cache/mailspool-bench)
  --json             one JSON object on stdout
  --help             this text
`;

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help) return print(help);
  const [name = ''] = positionals;
  const question = questions[name];
  if (!question || positionals.length !== 1) throw new UsageError(name === '' ? 'which question?' : `there is no question ${name}`);
  const [messages, rounds] = [count(values.messages, 'messages'), count(values.rounds, 'rounds')];
  const answer = await question({ messages, rounds, directory: values.directory, progress: (line) => process.stderr.write(`${line}\n`) });
  print(values.json ? asJson(answer) : asText(answer));
  return answer.faults.length === 0 ? 0 : 1;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        messages: { type: 'string', default: '20000' },
        rounds: { type: 'string', default: '5' },
        directory: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${option} takes a whole number above 0`);
  return value;
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

// What was started and written for the run goes with the process, however that ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(isUsage ? `${error.message}\n\n${help}` : `${error instanceof Unfit ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
