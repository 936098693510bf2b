// One seed, from the plan to the verdict.
import { passed, resolved, taken } from './acts.ts';
import { Violation } from './checks.ts';
import { markAll } from './headers.ts';
import { inspect, inspectAll, inspectEnd } from './inspect.ts';
import { planned, type Step } from './plan.ts';
import { World } from './world.ts';

export interface Run {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly submitted: number;
  readonly delivered: number;
  readonly crashes: number;
  readonly mostInFlight: number;
  readonly transitions: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly checks: Readonly<Partial<Record<string, number>>>;
  readonly failure?: Failure;
}

export interface Failure {
  readonly invariant: string;
  readonly text: string;
  /** Steps that were taken; one more than the plan has: it failed in the end. */
  readonly step: number;
}

export interface RunOptions {
  readonly days?: number;
  /** Only so many steps, then peace and the end. */
  readonly steps?: number;
  readonly keepTrace?: boolean;
  /** Instead of the plan of the seed. */
  readonly plan?: readonly Step[];
  /** Called before the first life. */
  prepare?(world: World): void;
}

/** Everything is looked at after so many steps. */
const allEvery = 12;
const endRounds = 60;

export async function simulate(seed: number, options: RunOptions = {}): Promise<Run & { readonly world: World }> {
  const plan = (options.plan ?? planned(seed, options.days ?? 7)).slice(0, options.steps);
  const world = new World(seed, { keepTrace: options.keepTrace ?? false });
  const begun = world.time.now();
  let step = 0;
  let failure: Failure | undefined;
  const onError = (error: unknown) => (failure ??= failureOf(error, step));
  const strangers = (error: unknown) => void onError(error);
  process.on('unhandledRejection', strangers);
  options.prepare?.(world);
  try {
    await world.start();
    for (const one of plan) {
      step += 1;
      await stepTaken(world, one, step % allEvery === 0);
      if (failure) break;
    }
    if (!failure) {
      step = plan.length + 1;
      await ended(world);
    }
  } catch (error) {
    onError(error);
  }
  process.off('unhandledRejection', strangers);
  return { ...summed(world, seed, begun, plan.length), ...(failure && { failure }), world };
}

async function stepTaken(world: World, step: Step, all: boolean): Promise<void> {
  const before = world.lives;
  await taken(world, step);
  if (world.violation) throw world.violation;
  await inspect(world);
  if (all || world.lives > before) await inspectAll(world);
}

/** Peace: nothing goes wrong any more, the operator decides what only a person can, and everything comes to its end. */
async function ended(world: World): Promise<void> {
  const { faults, ledger, time } = world;
  world.dieAt = undefined;
  world.cancelsAtHandOver = 0;
  faults.end();
  world.store.failWrites(() => false);
  world.store.failSyncs(() => false);
  await passed(world, 10 * 60_000);
  for (let round = 0; round < endRounds && isUnfinished(world); round += 1) {
    for (const entry of ledger.open) {
      const states = new Set(entry.rows.map(({ state }) => state));
      if (states.has('held')) world.background(world.spooler?.release(entry.id));
      if (states.has('uncertain')) world.background(resolved(world, entry.id, round % 3));
    }
    markAll(world);
    time.jump('3h');
    ledger.slept();
    world.disturbAll(time.now());
    await passed(world, 70_000);
    if (world.violation) throw world.violation;
    await inspect(world);
  }
  await inspectAll(world);
  inspectEnd(world);
  await time.settle();
}

const isUnfinished = ({ ledger, mailboxes }: World): boolean => ledger.open.size > 0 || mailboxes.some(({ mails }) => mails.size > 0);

function failureOf(error: unknown, step: number): Failure {
  if (error instanceof Violation) return { invariant: error.invariant, text: error.message, step };
  return { invariant: 'the run', text: error instanceof Error ? (error.stack ?? error.message) : String(error), step };
}

function summed(world: World, seed: number, begun: number, steps: number): Run {
  const { ledger, faults, checks, trace, crashes, mostInFlight } = world;
  const hash = trace.hash;
  return {
    seed,
    hash,
    steps,
    virtualMs: world.time.now() - begun,
    submitted: [...ledger.entries.values()].filter(({ accepted }) => accepted).length,
    delivered: world.mailboxes.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
    crashes,
    mostInFlight,
    transitions: ledger.transitions,
    faults: faults.fired,
    checks: checks.counts,
  };
}
