// The faults that are planned for one fake: which of them are due at a step, and which never happened. The state of a
// fault (how often, which senders are known) lives here; what it does to a client, in misbehave.ts.
import { inspect } from 'node:util';
import { MailspoolError } from '../../errors.ts';
import type { Clock, Instant } from '../../time/clock.ts';
import { durationMs } from '../duration.ts';
import type { Fault, FaultHandle, Occasion, Pattern } from './fault.ts';
import { checkMisdeed, decides, isMisdeed } from './misbehave.ts';

export class FaultPlan<Step extends string, Deed> {
  readonly #clock: Clock;
  readonly #replies: (own: Deed) => boolean;
  readonly #planned = new Set<Planned<Step, Deed>>();
  readonly #told = new WeakSet<FaultHandle>();

  /** `replies` says which of the fake's own misdeeds are answers; the others happen beside one. */
  constructor(clock: Clock, replies: (own: Deed) => boolean) {
    this.#clock = clock;
    this.#replies = replies;
  }

  /** @throws EINVALID for a fault that makes no sense */
  add(fault: Fault<Step, Deed>): FaultHandle {
    const planned = new Planned(fault, () => this.#planned.delete(planned));
    for (const deed of planned.deeds) if (isMisdeed(deed)) checkMisdeed(deed, [fault.at].flat());
    this.#planned.add(planned);
    return planned;
  }

  /**
   * What goes wrong now, in order; each fault that has a part in it counts as fired. Faults are asked as they were
   * planned, up to the first that decides the answer.
   */
  due(occasion: Occasion<Step>): Deed[] {
    const now = this.#clock.now();
    const concerned = [...this.#planned].filter((planned) => planned.concerns(occasion));
    const deeds: Deed[] = [];
    for (const planned of concerned) {
      if (!planned.due(occasion, now)) continue;
      deeds.push(...planned.deeds);
      if (planned.deeds.some((deed) => (isMisdeed(deed) ? decides(deed) : this.#replies(deed)))) break;
    }
    return deeds;
  }

  /** @throws ENOTFIRED with the faults that never happened and are not optional; each is named once */
  verify(): void {
    const missing = [...this.#planned].filter((planned) => planned.missing && !this.#told.has(planned));
    if (missing.length === 0) return;
    for (const planned of missing) this.#told.add(planned);
    const lines = missing.map((planned) => `  ${planned.describe()}`);
    throw new MailspoolError('ENOTFIRED', `planned, but never happened:\n${lines.join('\n')}`);
  }
}

class Planned<Step extends string, Deed> implements FaultHandle {
  fired = 0;
  readonly deeds: readonly Deed[];
  readonly remove: () => void;
  readonly #fault: Fault<Step, Deed>;
  readonly #times: number;
  readonly #greylistMs: number | undefined;
  readonly #windowMs: number;
  readonly #firstSeen = new Map<string, Instant>();
  #passed: Instant[] = [];
  #seen = 0;

  constructor(fault: Fault<Step, Deed>, remove: () => void) {
    const { nth = 1, greylist, beyond } = fault;
    this.#fault = fault;
    this.remove = remove;
    this.deeds = (Array.isArray(fault.do) ? fault.do : [fault.do]) as readonly Deed[];
    this.#times = fault.times ?? (greylist === undefined && beyond === undefined ? 1 : Number.POSITIVE_INFINITY);
    this.#greylistMs = greylist === undefined ? undefined : durationMs(greylist);
    this.#windowMs = beyond && 'within' in beyond ? durationMs(beyond.within) : 0;
    if (!(Number.isInteger(nth) && nth >= 1)) throw new MailspoolError('EINVALID', `nth counts from 1; ${nth} is not a time`, { field: 'nth' });
    if (!(this.#times >= 1)) throw new MailspoolError('EINVALID', `a fault happens once at least, not ${this.#times} times`, { field: 'times' });
    if (this.deeds.length === 0) throw new MailspoolError('EINVALID', 'a fault does something', { field: 'do' });
  }

  /** Whether the conditions hold; if so, it counts for `nth`. */
  concerns({ at, line, address, from, to = [], user }: Occasion<Step>): boolean {
    const { at: wanted, ...fault } = this.#fault;
    const here = wanted === 'any' || (Array.isArray(wanted) ? (wanted as readonly Step[]).includes(at) : wanted === at);
    const holds =
      here &&
      (fault.match === undefined || within(fault.match, line)) &&
      (fault.address === undefined || same(fault.address, address)) &&
      (fault.from === undefined || (from !== undefined && same(fault.from, from))) &&
      (fault.to === undefined || to.some((each) => same(fault.to ?? '', each))) &&
      (fault.user === undefined || (user !== undefined && same(fault.user, user)));
    if (holds) this.#seen++;
    return holds;
  }

  due(occasion: Occasion<Step>, now: Instant): boolean {
    if (this.#seen < (this.#fault.nth ?? 1) || this.fired >= this.#times) return false;
    if (!this.#greylisted(occasion, now) || !this.#beyond(occasion, now)) return false;
    this.fired++;
    return true;
  }

  get missing(): boolean {
    return this.fired === 0 && this.#fault.optional !== true;
  }

  describe(): string {
    const seen = this.#seen === 0 ? 'its step and conditions never came' : `its step and conditions came ${this.#seen} times`;
    return `${inspect(this.#fault, { depth: 5, breakLength: Number.POSITIVE_INFINITY })}: ${seen}`;
  }

  #greylisted({ address, from, to }: Occasion<Step>, now: Instant): boolean {
    if (this.#greylistMs === undefined) return true;
    const key = JSON.stringify([address, from?.toLowerCase(), to?.map((each) => each.toLowerCase())]);
    const first = this.#firstSeen.get(key) ?? now;
    this.#firstSeen.set(key, first);
    return now - first < this.#greylistMs;
  }

  #beyond({ connections }: Occasion<Step>, now: Instant): boolean {
    const { beyond } = this.#fault;
    if (!beyond) return true;
    if ('connections' in beyond) return connections > beyond.connections;
    this.#passed = this.#passed.filter((at) => now - at < this.#windowMs);
    if (this.#passed.length >= beyond.count) return true;
    this.#passed.push(now);
    return false;
  }
}

const within = (wanted: Pattern, line: string): boolean =>
  typeof wanted === 'string' ? line.toLowerCase().includes(wanted.toLowerCase()) : line.search(wanted) >= 0;

const same = (wanted: Pattern, name: string): boolean =>
  typeof wanted === 'string' ? wanted.toLowerCase() === name.toLowerCase() : name.search(wanted) >= 0;
