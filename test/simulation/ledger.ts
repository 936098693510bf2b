// What was promised and what became of it, kept by somebody who does not crash: a second book of every recipient's
// state, written from what the store answered, and what the world outside really received.
import type { EntryId, RecipientRow, RecipientState, Route, StateName } from '../../src/message/recipient.ts';
import { isFinal, isPermitted, transitions } from '../../src/message/transitions.ts';
import type { Claim, NewMessage, Settled, Settlement, StoredMessage, Submitted } from '../../src/store/message-store.ts';
import type { Instant } from '../../src/time/clock.ts';
import type { Checks } from './checks.ts';

/** One recipient, served once by the world outside. */
export interface Take {
  readonly life: number;
  /** Its outcome is on disk. */
  settled: boolean;
  /** Why it may be served again. */
  excuse?: 'lost answer' | 'lie' | 'crash' | 'jump' | 'operator';
}

export interface Row {
  readonly id: number;
  readonly address: string;
  state: StateName;
  /** The fence of the lease that it is claimed by. */
  claimed: number | undefined;
  /** It was claimed when the process died. */
  wasClaimed: boolean;
  /** In this state since; what may not be tried before is due later. */
  dueAt: Instant;
  route: Route | undefined;
  /** How often it failed or expired. */
  failures: number;
  /** A person, or another system, has said that it arrived. */
  vouched: boolean;
  readonly takes: Take[];
}

export interface Entry {
  readonly number: number;
  readonly id: EntryId;
  readonly rows: readonly Row[];
  readonly digest: string | undefined;
  readonly atMostOnce: boolean;
  readonly silent: boolean;
  /** `submit` was answered. */
  accepted: boolean;
  dueAt: Instant;
  /** The operator took it away. */
  purged: boolean;
}

export class Ledger {
  readonly entries = new Map<EntryId, Entry>();
  readonly byNumber = new Map<number, Entry>();
  /** Entries with a recipient that is not final. */
  readonly open = new Set<Entry>();
  readonly transitions: Record<string, number> = {};
  readonly #checks: Checks;
  readonly #now: () => Instant;
  readonly #log: (line: string) => void;

  constructor(checks: Checks, now: () => Instant, log: (line: string) => void) {
    this.#checks = checks;
    this.#now = now;
    this.#log = log;
  }

  /** The store has answered a call. */
  heard(call: string, given: readonly unknown[], answer: unknown): void {
    if (call === 'submit') this.#submitted(given[0] as readonly NewMessage[], answer as readonly Submitted[]);
    if (call === 'claim') for (const claim of (answer as { readonly claims: readonly Claim[] }).claims) this.#claimed(claim);
    if (call === 'claim') this.#inOrder((answer as { readonly claims: readonly Claim[] }).claims);
    if (call === 'settle') {
      const settled = answer as readonly Settled[];
      for (const [at, settlement] of (given[0] as readonly Settlement[]).entries()) if (settled[at]) this.#settled(settlement, settled[at]);
    }
  }

  /** The process died: what was under way may be served again, and nothing is claimed any more. Returns how many messages that were. */
  died(): number {
    let messages = 0;
    for (const entry of this.open) {
      let inFlight = false;
      for (const row of entry.rows) {
        const last = row.takes.at(-1);
        if (last && !last.settled && !last.excuse && !isFinal(row.state)) {
          last.excuse = 'crash';
          inFlight = true;
        }
        row.wasClaimed = row.claimed !== undefined;
        row.claimed = undefined;
      }
      if (inFlight) messages += 1;
    }
    return messages;
  }

  /** The machine slept: leases ended under whoever had them. */
  slept(): void {
    for (const entry of this.open) for (const { takes } of entry.rows) if (takes.at(-1)?.settled === false) takes.at(-1)!.excuse ??= 'jump';
  }

  /** After a crash the disk may know more than was answered, never less. */
  found(message: StoredMessage): void {
    const known = this.entries.get(message.id);
    if (!known) {
      this.#add(message.id, message, message.recipients, message.content.digest);
      return;
    }
    for (const stored of message.recipients) {
      const row = known.rows.find(({ id }) => id === stored.id);
      if (!row) continue;
      row.route = stored.route;
      const { state } = stored.status;
      const from = row.wasClaimed && isPermitted('claimed', state) ? 'claimed' : row.state;
      if (row.state !== state && state !== 'claimed') this.#move(known, row, from, stored.status);
      row.wasClaimed = false;
    }
  }

  /** The world outside took a message for a recipient. */
  took(number: number, address: string, life: number, digest: string): Take {
    const entry = this.byNumber.get(number);
    const row = entry?.rows.find((candidate) => candidate.address === address);
    const take: Take = { life, settled: false };
    if (!entry || !row) return take;
    const what = () =>
      `message ${number} to ${address}, ${row.takes.length} times before, in state ${row.state}, last ${JSON.stringify(row.takes.at(-1))}`;
    const last = row.takes.at(-1);
    this.#checks.hold('the same bytes', entry.digest === undefined || entry.digest === digest, what);
    this.#checks.hold('cancelled means cancelled', row.state !== 'cancelled', what);
    this.#checks.hold('only what was in flight twice', !last || last.excuse !== undefined, what);
    if (entry.atMostOnce) this.#checks.hold('at most once', !last || last.excuse === 'operator' || last.excuse === 'lie', what);
    row.takes.push(take);
    return take;
  }

  #submitted(messages: readonly NewMessage[], answers: readonly Submitted[]): void {
    for (const [at, { id, result }] of answers.entries()) {
      const message = messages[at];
      if (message && result === 'stored') this.#add(id, message, message.recipients, undefined);
    }
  }

  #add(
    id: EntryId,
    message: Pick<StoredMessage, 'envelopeId' | 'dueAt' | 'guarantee' | 'report'>,
    rows: readonly (Pick<RecipientRow, 'id' | 'address' | 'status'> & { readonly route?: Route })[],
    digest: string | undefined,
  ): void {
    const number = Number(/^m(\d+)$/.exec(message.envelopeId ?? '')?.[1]);
    if (!number) return;
    const entry: Entry = {
      number,
      id,
      digest,
      accepted: false,
      atMostOnce: message.guarantee === 'atMostOnce',
      silent: message.report.nonDelivery === false,
      dueAt: message.dueAt ?? 0,
      purged: false,
      rows: rows.map(({ id: row, address, status, route }) => ({
        id: row,
        address,
        state: status.state,
        claimed: undefined,
        wasClaimed: false,
        dueAt: this.#now(),
        route,
        failures: 0,
        vouched: false,
        takes: [],
      })),
    };
    this.#log(`new ${number} ${id}`);
    this.entries.set(id, entry);
    this.byNumber.set(number, entry);
    this.#reopen(entry);
  }

  #claimed({ lease, message }: Claim): void {
    const entry = this.entries.get(lease.id);
    if (!entry || typeof lease.queue === 'string') return;
    for (const { id, status, route } of message.recipients) {
      const row = entry.rows.find((candidate) => candidate.id === id);
      if (!row || status.state !== 'claimed') continue;
      // A message as a whole is claimed but for whom somebody has already.
      if ('message' in lease.queue && row.claimed !== undefined) continue;
      if ('session' in lease.queue && (route?.session !== lease.queue.session || route.destination !== lease.queue.destination)) continue;
      this.#count(row.state, 'claimed', entry, row);
      row.claimed = lease.fence;
    }
  }

  #inOrder(claims: readonly Claim[]): void {
    const last = new Map<string, EntryId>();
    for (const { lease } of claims) {
      const { queue } = lease;
      if (typeof queue !== 'object' || !('session' in queue) || nameOf(queue.session) === 'pilot') continue;
      const key = `${queue.session} ${queue.destination}`;
      const before = last.get(key);
      this.#checks.hold('in order of submission', before === undefined || before < lease.id, () => `${key} gave ${lease.id} after ${before}`);
      last.set(key, lease.id);
    }
  }

  #settled({ guard, recipients = [], message, then }: Settlement, settled: Settled): void {
    const entry = this.entries.get(settled.id);
    if (!entry || settled.result !== 'written') return;
    const fence = 'fence' in guard ? guard.fence : undefined;
    if (message && 'dueAt' in message) entry.dueAt = message.dueAt ?? 0;
    for (const row of entry.rows) {
      const change = recipients.find(({ recipient }) => recipient === row.id || recipient === 'all');
      const applied = change && settled.changed.includes(row.id) ? change : undefined;
      if (applied && 'route' in applied) row.route = applied.route ?? undefined;
      if (applied && 'route' in applied && !applied.status && row.state === 'queued') this.#count('queued', 'queued', entry, row);
      const mine = fence !== undefined && row.claimed === fence;
      if (applied?.status) this.#move(entry, row, mine ? 'claimed' : row.state, applied.status);
      else if (mine && then !== 'keep') this.#count('claimed', 'queued', entry, row);
      if (mine && then !== 'keep') row.claimed = undefined;
    }
    if (entry.purged || entry.rows.every(({ state }) => isFinal(state))) this.open.delete(entry);
  }

  #move(entry: Entry, row: Row, from: StateName, status: RecipientState): void {
    const { state } = status;
    this.#count(from, state, entry, row);
    // A hand-over that is written down is still one.
    if (state === 'claimed') return;
    if ((state === 'queued' && from !== 'claimed') || state === 'cancelled') for (const take of row.takes.slice(-1)) take.excuse = 'operator';
    if (state === 'relayed' || state === 'delivered') this.#arrived(entry, row);
    if (state === 'relayed' || state === 'delivered') for (const take of row.takes.slice(-1)) take.settled = true;
    if (state === 'failed' || state === 'expired') row.failures += 1;
    row.state = state;
    row.dueAt = status.state === 'deferred' ? status.until : this.#now();
    this.#reopen(entry);
  }

  #arrived(entry: Entry, { address, takes, vouched }: Row): void {
    this.#checks.hold('relayed means taken', takes.length > 0 || vouched, () => `message ${entry.number} never came to ${address}`);
  }

  #reopen(entry: Entry): void {
    if (entry.rows.every(({ state }) => isFinal(state))) this.open.delete(entry);
    else this.open.add(entry);
  }

  #count(from: StateName, to: StateName, entry: Entry, { address }: Row): void {
    this.#log(`${entry.number} ${address} ${from} ${to}`);
    this.#checks.hold('only permitted transitions', isPermitted(from, to), () => `message ${entry.number} to ${address} went from ${from} to ${to}`);
    const pair = `${eventOf(from, to)}: ${from} to ${to}`;
    this.transitions[pair] = (this.transitions[pair] ?? 0) + 1;
  }
}

/** The row of the state table. */
const eventOf = (from: StateName, to: StateName): string =>
  Object.entries(transitions).find(([, row]) => row.to === to && (row.from as readonly StateName[]).includes(from))?.[0] ?? 'none';

/** Every transition of the table, as the ledger counts them. */
export const allTransitions: readonly string[] = Object.values(transitions).flatMap(({ from, to }) =>
  (from as readonly StateName[]).map((state) => `${eventOf(state, to)}: ${state} to ${to}`),
);

/** The provider of a session. */
export const nameOf = (session: string): string => session.slice(session.lastIndexOf('/') + 1);
