// Whether the simulation would notice: the sources are copied, broken in one place, and run. A mutant that survives
// 200 seeds is a hole in the simulation.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { applyPatch, copyOf, type Patch } from '../patched-copy.ts';
import type { Invariant } from './checks.ts';
import { runAll } from './pool.ts';
import type { Run } from './simulate.ts';

export interface Mutant extends Patch {
  /** A seed that is known to find it, for whoever is in a hurry, and how much of its plan is enough. */
  readonly foundBy: { readonly seed: number; readonly steps: number };
  readonly breaks: Invariant;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a missing sync point',
    file: 'src/store/memory/disk.ts',
    // Only each fourth round of calls is synced before it is answered.
    replace: [
      [
        '    this.#journal.sync();\n  }\n\n  #transact',
        '    if (this.#pending.length === 0 && this.#unsyncedRounds++ % 4 === 3) this.#journal.sync();\n  }\n\n  #unsyncedRounds = 0;\n\n  #transact',
      ],
    ],
    foundBy: { seed: 10, steps: 3 },
    breaks: 'nothing acknowledged is lost',
  },
  {
    name: 'a lost wake-up',
    file: 'src/spooler/loops.ts',
    replace: [["if (queues.some((queue) => typeof queue === 'object')) this.outbound.queuesChanged(queues);", '']],
    foundBy: { seed: 2, steps: 3 },
    breaks: 'no wake-up is lost',
  },
  {
    name: 'a settle before the reply',
    file: 'src/spooler/hand-over.ts',
    replace: [
      [
        "      if (this.claim.message.guarantee === 'atMostOnce') await noteHandingOver();",
        "      await this.#save?.(this.rows.map(({ id }) => ({ recipient: id, outcome: 'accepted' })));",
      ],
      ['    const { message, inline } = this.claim;\n', '    const { message, inline } = this.claim;\n    this.#save = save;\n'],
      ['  #stopped = false;\n', '  #stopped = false;\n  #save: HandOverOptions["save"] | undefined;\n'],
    ],
    foundBy: { seed: 2, steps: 3 },
    breaks: 'relayed means taken',
  },
  {
    name: 'a missing reference check',
    file: 'src/store/operations/receive.ts',
    replace: [
      ['    if (sequence !== undefined) return sequence;\n', '    if (sequence === 0) return sequence;\n'],
      ['operation.tables.reference(session, reference) !== undefined', 'reference === session'],
    ],
    foundBy: { seed: 6, steps: 8 },
    breaks: 'no reference twice',
  },
  {
    name: 'a receipt for each asking',
    file: 'src/spooler/read-receipts.ts',
    replace: [['return { report: { ...report, idempotencyKey }, receipt:', 'return { report, receipt:']],
    foundBy: { seed: 5, steps: 12 },
    breaks: 'exactly one receipt',
  },
];

const copied = ['src', 'providers', 'test/simulation', 'package.json', 'tsconfig.json'] as const;

export interface Found {
  readonly name: string;
  readonly run: Run | undefined;
}

/** Tries each mutant with one seed after the other until one notices. */
export async function checkMutants({
  workers,
  seeds,
  progress,
}: {
  readonly workers: number;
  readonly seeds: number;
  readonly progress: (line: string) => void;
}): Promise<Found[]> {
  const found: Found[] = [];
  for (const mutant of mutants) {
    progress(mutant.name);
    const tasks = Array.from({ length: seeds }, (_, at) => ({ seed: at + 1 }));
    found.push({ name: mutant.name, run: await firstFailure(mutant, tasks, workers) });
  }
  return found;
}

/** The first of these runs in which an invariant breaks. */
export async function firstFailure(
  mutant: Mutant,
  tasks: readonly { readonly seed: number; readonly steps?: number }[],
  workers: number,
): Promise<Run | undefined> {
  const directory = await copyOf(copied);
  try {
    await applyPatch(directory, mutant);
    let first: Run | undefined;
    const hear = (run: Run) => {
      if (run.failure && run.failure.invariant !== 'the run') first ??= run;
    };
    await runAll(tasks, { workers, worker: join(directory, 'test/simulation/worker.ts') }, hear, () => first !== undefined);
    return first;
  } finally {
    await rm(directory, { recursive: true });
  }
}
