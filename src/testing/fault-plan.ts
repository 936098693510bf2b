// What a fake does wrong on purpose: where, to whom, how often. One plan for all fakes; each has its own misdeeds.

/** A fault as a test asks for it. */
export interface Fault<Step extends string, Misdeed> {
  readonly at: Step;
  /** Only for lines that match, as sent: a string is looked for regardless of case. */
  readonly match?: string | RegExp;
  /** Lets so many pass first. Default 0. */
  readonly skip?: number;
  /** How often. Default 1; Infinity for always. */
  readonly times?: number;
  readonly do: Misdeed;
}

/** What became of a fault. */
export interface FaultHandle {
  /** How often it happened so far. */
  readonly fired: number;
  /** It will not happen again. */
  remove(): void;
}

export class FaultPlan<Step extends string, Misdeed> {
  readonly #planned = new Set<Planned<Step, Misdeed>>();

  add(fault: Fault<Step, Misdeed>): FaultHandle {
    const planned = new Planned(fault, () => this.#planned.delete(planned));
    this.#planned.add(planned);
    return planned;
  }

  /** The first fault that is due at this step, if any; it counts as fired. */
  due(at: Step, line: string): Misdeed | undefined {
    for (const planned of this.#planned) if (planned.due(at, line)) return planned.fault.do;
    return undefined;
  }
}

class Planned<Step extends string, Misdeed> implements FaultHandle {
  fired = 0;
  readonly fault: Fault<Step, Misdeed>;
  readonly remove: () => void;
  #seen = 0;

  constructor(fault: Fault<Step, Misdeed>, remove: () => void) {
    this.fault = fault;
    this.remove = remove;
  }

  due(at: Step, line: string): boolean {
    if (at !== this.fault.at || this.fired >= (this.fault.times ?? 1) || !matches(this.fault.match, line)) return false;
    if (this.#seen++ < (this.fault.skip ?? 0)) return false;
    this.fired++;
    return true;
  }
}

function matches(wanted: string | RegExp | undefined, line: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? line.toLowerCase().includes(wanted.toLowerCase()) : line.search(wanted) >= 0;
}
