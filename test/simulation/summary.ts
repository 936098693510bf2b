// What many runs did together, and what none of them did: a fault that never happened and an invariant that was never
// looked at show nothing.
import { invariants } from './checks.ts';
import { allTransitions } from './ledger.ts';
import { least } from './plan.ts';
import type { Run } from './simulate.ts';

export interface Summary {
  readonly seeds: number;
  readonly virtualMs: number;
  readonly submitted: number;
  readonly delivered: number;
  readonly crashes: number;
  readonly transitions: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<string, number>>;
  /** What should have occurred and did not, in words. */
  readonly missing: readonly string[];
}

/** Every fault that a plan knows, by the name under which it is counted. */
const allFaults: readonly string[] = [
  ...['partition', 'slow', 'hang', 'hang after the dot', 'lost reply', 'lie', 'garbage', 'refuse', 'greylist', 'throttle', 'save and fail'],
  ...['park', 'not mine', 'resend now', 'box partition', 'box hang', 'lost acknowledgement', 'body cut', 'renumber', 'EAUTH', 'ECONNECTION'],
  ...['crash', 'restart', 'offline', 'suspend', 'clock jumps', 'clock jumps back'],
  ...['disk full', 'slow disk', 'write fails', 'sync fails'],
  ...['cancel', 'cancel at the hand-over', 'hold', 'release', 'retry', 'reschedule', 'purge', 'resolve'],
  ...['mark download', 'mark delete', 'mark move'],
  ...['late report: delivered', 'late report: failed'],
];

/** Faults are what goes wrong; what clients and operators ask for is counted beside them. */
const wishes: ReadonlySet<string> = new Set([
  ...['cancel', 'hold', 'release', 'retry', 'reschedule', 'purge', 'resolve', 'restart'],
  ...['mark download', 'mark delete', 'mark move'],
]);

export const faultsIn = ({ faults }: Pick<Run, 'faults'>): number =>
  Object.entries(faults).reduce((sum, [name, times]) => (wishes.has(name) || name.startsWith('crash at') ? sum : sum + times), 0);

/** What a whole seed of seven days lacks. */
export function shortOf(run: Run): string[] {
  const short = (what: string, is: number, leastOf: number) => (is < leastOf ? [`seed ${run.seed} has ${is} ${what}, fewer than ${leastOf}`] : []);
  return [
    ...short('messages sent', run.submitted, least.submitted),
    ...short('messages received', run.delivered, least.delivered),
    ...short('crashes', run.crashes, least.crashes),
    ...short('faults', faultsIn(run), least.faults),
  ];
}

export function summary(runs: readonly Run[]): Summary {
  const transitions = counted(
    allTransitions,
    runs.map((run) => run.transitions),
  );
  const faults = counted(
    allFaults,
    runs.map((run) => run.faults),
  );
  const checks = counted(
    Object.keys(invariants),
    runs.map((run) => run.checks),
  );
  const never = (what: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).flatMap(([name, times]) => (times === 0 ? [`${what} never occurred: ${name}`] : []));
  return {
    seeds: runs.length,
    virtualMs: sum(runs.map((run) => run.virtualMs)),
    submitted: sum(runs.map((run) => run.submitted)),
    delivered: sum(runs.map((run) => run.delivered)),
    crashes: sum(runs.map((run) => run.crashes)),
    transitions,
    faults,
    checks,
    missing: [...never('a transition', transitions), ...never('a fault', faults), ...never('the check of an invariant', checks)],
  };
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

function counted(names: readonly string[], all: readonly Readonly<Partial<Record<string, number>>>[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  for (const one of all) for (const [name, times = 0] of Object.entries(one)) counts[name] = (counts[name] ?? 0) + times;
  return counts;
}

const dayMs = 86_400_000;

export function asText({ seeds, virtualMs, submitted, delivered, crashes, transitions, faults, checks }: Summary): string {
  const table = (title: string, counts: Readonly<Record<string, number>>) => [
    title,
    ...Object.entries(counts).map(([name, times]) => `${String(times).padStart(10)}  ${name}`),
    '',
  ];
  return [
    ...table('Transitions of the state table', transitions),
    ...table('Faults and requests', faults),
    ...table('Checks of invariants', checks),
    `${seeds} seeds, ${(virtualMs / dayMs).toFixed(0)} virtual days, ${submitted} messages sent, ${delivered} received, ${crashes} crashes`,
  ].join('\n');
}
