// What a seed does to the spooler: a list of steps that is fixed before the run begins, so that any beginning of it is a
// plan, too. What a step does never depends on what came of those before it.
import { Draws } from './draws.ts';

export const targets = ['north.example', 'south.example', 'east.example', 'pilot', 'relay'] as const;
export type Target = (typeof targets)[number];
export const boxes = ['harbour', 'lock'] as const;
export type Box = (typeof boxes)[number];

/** A message that a client submits. */
export interface Letter {
  readonly number: number;
  readonly to: readonly string[];
  readonly options: {
    readonly onUnknown?: 'resend' | 'hold' | 'verify';
    readonly guarantee?: 'atMostOnce';
    readonly priority?: number;
    readonly sendAt?: { readonly afterMs: number };
    readonly expiresInMs?: number;
    readonly silent?: true;
    readonly keyed?: true;
    readonly preprocessed?: 'fails' | 'holds';
  };
}

/** What happens to a target, `times` times or for `forMs`. */
export type Misdeed =
  | 'partition'
  | 'slow'
  | 'hang'
  | 'hang after the dot'
  | 'lost reply'
  | 'lie'
  | 'garbage'
  | 'refuse'
  | 'greylist'
  | 'throttle'
  | 'save and fail'
  | 'park'
  | 'not mine'
  | 'resend now';
export type BoxMisdeed = 'box partition' | 'box hang' | 'lost acknowledgement' | 'body cut';

export type Act =
  | { readonly do: 'submit'; readonly letters: readonly Letter[] }
  | { readonly do: 'deliver'; readonly box: Box; readonly numbers: readonly number[] }
  | { readonly do: 'cancel' | 'hold' | 'release' | 'retry' | 'reschedule' | 'purge' | 'resolve'; readonly number: number; readonly choice: number }
  | { readonly do: 'cancel at the hand-over'; readonly times: number }
  | { readonly do: 'late report'; readonly number: number; readonly says: 'delivered' | 'failed' }
  | { readonly do: 'misdeed'; readonly target: Target; readonly what: Misdeed; readonly times: number; readonly forMs: number }
  | { readonly do: 'box misdeed'; readonly box: Box; readonly what: BoxMisdeed; readonly times: number; readonly forMs: number }
  | { readonly do: 'renumber'; readonly box: Box }
  | { readonly do: 'logon fails'; readonly session: string; readonly times: number; readonly code: 'EAUTH' | 'ECONNECTION' }
  | { readonly do: 'crash'; readonly written: number }
  | { readonly do: 'crash at'; readonly label: string; readonly skip: number; readonly written: number }
  | { readonly do: 'restart' | 'offline' | 'suspend'; readonly forMs: number }
  | { readonly do: 'disk full' | 'slow disk'; readonly forMs: number }
  | { readonly do: 'write fails' | 'sync fails'; readonly nth: number }
  | { readonly do: 'jump' | 'jump back'; readonly ms: number }
  | { readonly do: 'nothing' };

export interface Step {
  readonly act: Act;
  /** How long the world goes on after it. */
  readonly afterMs: number;
}

/** Least of each that a whole plan has. */
export const least = { submitted: 300, delivered: 300, crashes: 3, faults: 20 } as const;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Where the process may be told to die; a label of `Process.reach`, up to the first that begins so. */
export const labels = [
  'store: before submit',
  'store: submit is being synced',
  'store: submit is on disk',
  'store: before settle',
  'store: settle is being synced',
  'store: settle is on disk',
  'store: before receive',
  'store: receive is being synced',
  'store: receive is on disk',
  'store: claim is on disk',
  'wire: before the final dot',
  'wire: taken',
  'wire: answered',
  'mailbox: saved',
  'mailbox: acknowledged',
  'start: opened',
  'start: started',
] as const;

export function planned(seed: number, days: number): Step[] {
  const draws = new Draws(`plan ${seed}`);
  const acts = draws.shuffled(shares(days).flatMap((share) => share(draws)));
  const letters = new Letters(draws);
  const steps: Step[] = [];
  const perDay = Math.ceil(acts.length / days);
  for (let begun = 0; begun < days; begun += 1) {
    const today = acts.slice(begun * perDay, (begun + 1) * perDay);
    for (const act of today) {
      steps.push({ act: letters.filled(act), afterMs: draws.percent(60) ? draws.between(6 * second, 25 * second) : draws.between(1, 150 * second) });
    }
    const spent = steps.slice(-today.length).reduce((sum, { afterMs }) => sum + afterMs, 0);
    steps.push(...night(draws, day - spent));
  }
  return steps;
}

/** The rest of a day: a while of quiet running, then the machine sleeps, or is off. */
function night(draws: Draws, left: number): Step[] {
  const quiet = draws.between(10 * minute, 40 * minute);
  const rest = Math.max(hour, left - quiet);
  const gone: Step = draws.percent(50)
    ? { act: { do: 'jump', ms: rest - minute }, afterMs: minute }
    : { act: { do: 'restart', forMs: rest - minute }, afterMs: minute };
  return [{ act: { do: 'nothing' }, afterMs: quiet }, gone];
}

type Share = (draws: Draws) => Act[];

/** What every seed has, by how much of it; at least as much as `least` says for seven days. */
function shares(days: number): Share[] {
  const times = (count: number, one: (draws: Draws) => Act): Share => {
    return (draws) => Array.from({ length: Math.max(1, Math.round((count * days) / 7)) }, () => one(draws));
  };
  const forMs = (draws: Draws) => draws.between(10 * second, 4 * minute);
  const misdeed =
    (what: Misdeed) =>
    (draws: Draws): Act => ({ do: 'misdeed', target: draws.pick(targets), what, times: draws.between(1, 4), forMs: forMs(draws) });
  const boxMisdeed =
    (what: BoxMisdeed) =>
    (draws: Draws): Act => ({ do: 'box misdeed', box: draws.pick(boxes), what, times: draws.between(1, 3), forMs: forMs(draws) });
  const verb =
    (what: 'cancel' | 'hold' | 'release' | 'retry' | 'reschedule' | 'purge' | 'resolve') =>
    (draws: Draws): Act => ({ do: what, number: draws.between(1, 1_000_000), choice: draws.between(0, 2) });
  return [
    times(37, () => ({ do: 'submit', letters: [] })),
    times(26, (draws) => ({ do: 'deliver', box: draws.pick(boxes), numbers: [] })),
    times(2, (draws) => ({ do: 'crash', written: draws.between(0, 3) })),
    times(3, (draws) => ({ do: 'crash at', label: draws.pick(labels), skip: draws.between(0, 12), written: draws.between(0, 3) })),
    times(1, (draws) => ({ do: 'restart', forMs: draws.between(second, 10 * minute) })),
    times(1, (draws) => ({ do: 'offline', forMs: forMs(draws) })),
    times(1, (draws) => ({ do: 'suspend', forMs: forMs(draws) })),
    times(1, (draws) => ({ do: 'jump', ms: draws.between(20 * second, 3 * hour) })),
    times(1, (draws) => ({ do: 'jump back', ms: draws.between(second, hour) })),
    times(1, (draws) => ({ do: 'disk full', forMs: draws.between(second, minute) })),
    times(1, (draws) => ({ do: 'slow disk', forMs: draws.between(second, 20 * second) })),
    times(1, (draws) => ({ do: 'write fails', nth: draws.between(1, 30) })),
    times(1, (draws) => ({ do: 'sync fails', nth: draws.between(1, 10) })),
    ...(
      ['partition', 'slow', 'hang', 'hang after the dot', 'lost reply', 'lie', 'garbage', 'refuse', 'greylist', 'throttle', 'save and fail'] as const
    ).map((what) => times(what === 'lost reply' ? 2 : 1, misdeed(what))),
    ...(['park', 'not mine', 'resend now'] as const).map((what) =>
      times(1, (draws) => ({ do: 'misdeed', target: 'pilot', what, times: draws.between(1, 3), forMs: forMs(draws) })),
    ),
    ...(['box partition', 'box hang', 'lost acknowledgement', 'body cut'] as const).map((what) => times(1, boxMisdeed(what))),
    times(1, (draws) => ({ do: 'renumber', box: draws.pick(boxes) })),
    times(1, (draws) => ({
      do: 'logon fails',
      session: draws.pick(['smtp', 'pilot', 'relay', ...boxes]),
      times: draws.between(1, 3),
      code: draws.pick(['EAUTH', 'ECONNECTION']),
    })),
    times(2, (draws) => ({ do: 'cancel at the hand-over', times: draws.between(1, 3) })),
    times(3, verb('cancel')),
    times(2, verb('hold')),
    times(2, verb('release')),
    times(2, verb('retry')),
    times(1, verb('reschedule')),
    times(1, verb('purge')),
    times(2, verb('resolve')),
    times(2, (draws) => ({ do: 'late report', number: draws.between(1, 1_000_000), says: draws.pick(['delivered', 'failed']) })),
  ];
}

/** Numbers letters and mail in the order in which they come. */
class Letters {
  readonly #draws: Draws;
  #submitted = 0;
  #delivered = 0;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  filled(act: Act): Act {
    if (act.do === 'submit') return { ...act, letters: Array.from({ length: this.#draws.between(8, 11) }, () => this.#letter()) };
    if (act.do === 'deliver') {
      const count = this.#draws.percent(4) ? 80 : this.#draws.between(12, 14);
      return { ...act, numbers: Array.from({ length: count }, () => (this.#delivered += 1)) };
    }
    return act;
  }

  #letter(): Letter {
    this.#submitted += 1;
    const draws = this.#draws;
    const to = Array.from({ length: draws.percent(70) ? 1 : draws.between(2, 5) }, (_, at) => this.#address(at));
    return {
      number: this.#submitted,
      to,
      options: {
        ...(draws.percent(15) && { onUnknown: draws.pick(['hold', 'verify'] as const) }),
        ...(draws.percent(10) && { guarantee: 'atMostOnce' as const }),
        ...(draws.percent(20) && { priority: draws.between(-9, 9) }),
        ...(draws.percent(10) && { sendAt: { afterMs: draws.between(second, 2 * day) } }),
        ...(draws.percent(10) && { expiresInMs: draws.between(10 * second, 2 * day) }),
        ...(draws.percent(5) && { silent: true as const }),
        ...(draws.percent(20) && { keyed: true as const }),
        ...(draws.percent(3) && { preprocessed: draws.pick(['fails', 'holds'] as const) }),
      },
    };
  }

  /** Some do not exist, some nobody carries. */
  #address(at: number): string {
    const draws = this.#draws;
    const name = `${draws.percent(6) ? 'nobody' : 'crew'}${at}.${this.#submitted}`;
    const chance = draws.between(0, 99);
    if (chance < 75) return `${name}@${draws.pick(['north.example', 'south.example', 'east.example'])}`;
    if (chance < 92) return `[PILOT:${name}]`;
    return `[TELEX:${name}]`;
  }
}
