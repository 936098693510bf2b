// Contenders measured beside each other: warm-up, then rounds in which each has its turn, so that whatever the machine
// does meanwhile meets all of them. For every bench; knows nothing of mail.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface BenchOptions {
  /** Of each contender, after the warm-up. */
  readonly messages: number;
  readonly rounds: number;
  /** Where the store stands; undefined: beside the installed packages. */
  readonly directory: string | undefined;
  readonly progress: (line: string) => void;
}

export interface Contender {
  readonly name: string;
  /** Brings so many messages to their end. */
  run(messages: number): Promise<void>;
}

export interface Turn {
  readonly messages: number;
  readonly seconds: number;
  /** Of this process with all its threads, user and system. */
  readonly cpuSeconds: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

export interface Record {
  readonly name: string;
  readonly turns: readonly Turn[];
}

export interface Plan {
  readonly contenders: readonly Contender[];
  /** In each turn. */
  readonly messages: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly progress: (line: string) => void;
}

/** A B C A B C …; the turns of a warm-up are thrown away. */
export async function takeTurns({ contenders, messages, rounds, warmUp, progress }: Plan): Promise<Record[]> {
  for (const contender of contenders) {
    progress(`warm-up: ${contender.name}, ${warmUp} messages`);
    await contender.run(warmUp);
  }
  const turns = contenders.map((): Turn[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      const turn = await measured(contender, messages);
      turns[at]?.push(turn);
      progress(`round ${round} of ${rounds}: ${contender.name}, ${Math.round(messages / turn.seconds)} messages a second`);
    }
  }
  return contenders.map(({ name }, at) => ({ name, turns: turns[at] ?? [] }));
}

async function measured(contender: Contender, messages: number): Promise<Turn> {
  collectGarbage();
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  const [cpu, from] = [process.cpuUsage(), process.hrtime.bigint()];
  await contender.run(messages);
  const [until, { user, system }] = [process.hrtime.bigint(), process.cpuUsage(cpu)];
  delay.disable();
  const seconds = Number(until - from) / 1e9;
  return { messages, seconds, cpuSeconds: (user + system) / 1e6, delayP99Ms: delayMs(delay, 99), delayMaxMs: delayMs(delay, 100) };
}

/** So many callers, each with one message under way. */
export async function callers(count: number, messages: number, call: (message: number) => Promise<void>): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < messages) await call(next++);
  };
  await Promise.all(Array.from({ length: count }, caller));
}

/** Nobody pays for the garbage of the one before. */
const collectGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

const delayResolutionMs = 1;

/** The histogram has the whole time between two looks; the delay is what exceeds the time between looks. */
const delayMs = (histogram: IntervalHistogram, percentile: number): number => Math.max(0, histogram.percentile(percentile) / 1e6 - delayResolutionMs);
