// One run: lives that end in kills, one after the other on the same store, then one that drains; and what came of it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from 'mailspool/testing';
import { Ledger, type Findings } from './ledger.ts';
import { Mailbox } from './mailbox.ts';
import { phaseOfKill, type Phase } from './phases.ts';
import { Processes, Sink } from './processes.ts';
import type { Life, Line } from './spooler-process.ts';

export interface CrashOptions {
  readonly kills: number;
  /** Accepted at least, over all lives. */
  readonly messages: number;
  readonly seed: number;
  readonly connections: number;
  progress(done: { readonly kills: number; readonly accepted: number; readonly phase: Phase }): void;
}

export interface Kill {
  readonly phase: Phase;
  /** Deliveries that were claimed. */
  readonly claimed: number;
}

export interface CrashResult extends Findings {
  readonly kills: readonly Kill[];
  readonly accepted: number;
  /** Put into the mailbox. */
  readonly delivered: number;
  /** Most duplicates that the kills explain: what each may have had in flight. */
  readonly bound: number;
  readonly boundAtOneKill: number;
  /** Recipients at the end, by state. */
  readonly states: Readonly<Record<string, number>>;
  /** Set aside because they met too many crashes, and released in the end. */
  readonly held: number;
  /** Messages that were saved and are at the server still. */
  readonly leftAtServer: number;
  /** The store, where there is something to look at. */
  readonly kept?: string;
}

/** `maxUnsettled` of a session that names none: four for each connection. */
const unsettledPerConnection = 4;

export async function crash(options: CrashOptions): Promise<CrashResult> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-crash-'));
  const ledger = new Ledger();
  await using sink = await Sink.start((taken) => ledger.taken.push(taken));
  await using mailbox = await Mailbox.start(ledger);
  using processes = new Processes<Life, Line>(new URL('./spooler-process.ts', import.meta.url));
  const place = { directory: join(directory, 'spool'), smtpPort: sink.port, imap: mailbox.access, connections: options.connections };
  const kills: Kill[] = [];
  for (const life of planned(options)) {
    kills.push(await killedLife(processes, { ...place, ...life }, sink, ledger));
    options.progress({ kills: kills.length, accepted: ledger.acceptedCount, phase: life.dieIn });
  }
  await mailbox.close();
  const missing = Math.max(0, options.messages - ledger.acceptedCount);
  const last = await lastLife(processes, { ...place, epoch: options.kills + 1, submits: missing, expected: ledger.deliveredCount }, ledger);
  const boundAtOneKill = unsettledPerConnection * options.connections;
  const result: CrashResult = {
    kills,
    accepted: ledger.acceptedCount,
    delivered: ledger.deliveredCount,
    bound: boundAtOneKill * kills.length,
    boundAtOneKill,
    leftAtServer: await mailbox.left(),
    ...last,
    ...ledger.findings(),
  };
  if (failures(result).length > 0) return { ...result, kept: directory };
  await rm(directory, { recursive: true });
  return result;
}

/** What is wrong with a result, in sentences; nothing, as it should be. */
export function failures(result: CrashResult): string[] {
  const { lost, receivedTwice, duplicated, bound, altered, twiceInOneLife, mostAtOneKill, boundAtOneKill, states, kills, leftAtServer } = result;
  const unfinished = Object.keys(states).filter((state) => state !== 'relayed');
  return [
    ...(lost.length > 0 ? [`lost: ${some(lost)}`] : []),
    ...(receivedTwice.length > 0 ? [`received twice: ${some(receivedTwice)}`] : []),
    ...(duplicated > bound ? [`${duplicated} duplicates, the kills explain ${bound}`] : []),
    ...(mostAtOneKill > boundAtOneKill ? [`one kill sent ${mostAtOneKill} messages again, it explains ${boundAtOneKill}`] : []),
    ...(twiceInOneLife.length > 0 ? [`sent twice without a crash between: ${some(twiceInOneLife)}`] : []),
    ...(altered.length > 0 ? [`other bytes or recipients than submitted: ${some(altered)}`] : []),
    ...(unfinished.length > 0 ? [`not relayed in the end: ${unfinished.map((state) => `${states[state]} ${state}`).join(', ')}`] : []),
    ...(kills.some(({ claimed }) => claimed === 0) ? ['a kill fell while no delivery was claimed'] : []),
    ...(leftAtServer > 0 ? [`${leftAtServer} received messages were not deleted at the server`] : []),
  ];
}

const some = (ids: readonly string[]): string => `${ids.slice(0, 5).join(' ')}${ids.length > 5 ? ` and ${ids.length - 5} more` : ''}`;

/** Equal shares of the messages, a little more or less by chance, so that kills do not fall in step. */
function* planned({ kills, messages, seed }: CrashOptions): Generator<{ readonly epoch: number; readonly submits: number; readonly dieIn: Phase }> {
  const random = seededRandom(seed);
  const share = Math.ceil(messages / kills);
  for (let kill = 0; kill < kills; kill += 1) {
    const [chance = 0] = random.bytes(1);
    yield { epoch: kill + 1, submits: Math.max(1, share - 16 + (chance % 32)), dieIn: phaseOfKill(kill) };
  }
}

async function killedLife(processes: Processes<Life, Line>, life: Life & { readonly dieIn: Phase }, sink: Sink, ledger: Ledger): Promise<Kill> {
  let kill: Kill | undefined;
  const hear = (line: Line, pid: number): void => {
    if ('accepted' in line) ledger.accepted(life.epoch, line.accepted);
    if ('dying' in line) kill = { phase: line.dying, claimed: line.claimed };
    // What the sink has just taken is claimed, whatever else was when it was told.
    if ('armed' in line) sink.killAtNext(pid, () => (kill = { phase: life.dieIn, claimed: Math.max(1, line.armed) }));
  };
  const { code, signal } = await processes.run(life, hear);
  if (signal === 'SIGKILL' && kill) return kill;
  throw new Error(
    `life ${life.epoch}, to be killed in ${life.dieIn}, ended by ${signal ?? `exit code ${code}`} and named ${kill?.phase ?? 'no phase'}; its store is kept in ${life.directory}`,
  );
}

async function lastLife(processes: Processes<Life, Line>, life: Life, ledger: Ledger): Promise<Pick<CrashResult, 'states' | 'held'>> {
  let drained: Pick<CrashResult, 'states' | 'held'> | undefined;
  const { code, signal } = await processes.run(life, (line) => {
    if ('accepted' in line) ledger.accepted(life.epoch, line.accepted);
    if ('received' in line) ledger.received(line.received, line.digest);
    if ('drained' in line) drained = line.drained;
  });
  if (!drained) throw new Error(`the last life did not drain the store in ${life.directory}, it ended by ${signal ?? `exit code ${code}`}`);
  return drained;
}
