// One seed's world: a spooler that lives and dies, its disk, the servers outside, and the books in which everything is
// kept. It knows what is true; the spooler knows what it was told.
import { virtualTime, type VirtualTime } from 'mailspool/testing';
import type { OutboundMessage, SpoolerSupport } from 'mailspool/provider';
import { createSpooler, type EntryId, retryPolicy, type Preprocessor, type Spooler } from '../../src/index.ts';
import { memoryStore, type MemoryStore } from '../../src/store/memory/memory-store.ts';
import { seededRandom } from 'mailspool/testing';
import { Checks, Violation } from './checks.ts';
import { Trace } from './draws.ts';
import { Ledger, nameOf } from './ledger.ts';
import { Faults } from './outside/faults.ts';
import { Mailbox } from './outside/mailboxes.ts';
import { kinds, receiver, sender, type Outside } from './outside/providers.ts';
import { boxes, type Letter } from './plan.ts';
import { Receipts } from './receipts.ts';
import { processStore } from './process-store.ts';
import { Process } from './process.ts';

const minute = 60_000;
/** How long after a disturbance somebody may still be late: no timer runs longer than 30 s without looking again. */
export const recoveryMs = 40_000;

export class World {
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly checks = new Checks();
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly mailboxes: readonly Mailbox[];
  readonly letters = new Map<number, Letter>();
  /** What each report tells of: read once. */
  readonly reports = new Map<EntryId, { readonly number: number; readonly addresses: readonly string[] }>();
  readonly receipts = new Receipts();
  readonly lateReports = new Map<string, SpoolerSupport>();
  /** How often the process passed each labelled point. */
  readonly passed: Record<string, number> = {};
  /** Whether syncs are held. */
  slowDisk = false;
  lives = 0;
  crashes = 0;
  process: Process;
  store: MemoryStore;
  spooler: Spooler | undefined;
  /** When it is started again after a crash. */
  downUntil: number | undefined;
  /** Where to die next, and how much of a torn sync gets to the disk. */
  dieAt: { readonly label: string; skip: number; readonly written: number } | undefined;
  /** So many hand-overs meet a cancel. */
  cancelsAtHandOver = 0;
  /** Found where an exception would be taken for a failure of the provider. */
  violation: Violation | undefined;
  /** Duplicates that each crash explains. */
  mostInFlight = 0;
  readonly #seed: number;

  constructor(seed: number, options: { readonly keepTrace?: boolean } = {}) {
    this.#seed = seed;
    this.time = virtualTime();
    this.trace = new Trace(options.keepTrace);
    const log = (line: string) => this.trace.add(`${this.time.now()} ${line}`);
    this.faults = new Faults(() => this.time.now());
    this.ledger = new Ledger(this.checks, () => this.time.now(), log);
    this.mailboxes = boxes.map((box) => new Mailbox(box));
    this.store = memoryStore();
    this.process = this.#newProcess();
  }

  log(line: string): void {
    this.trace.add(`${this.time.now()} ${line}`);
  }

  /** Starts a new life on what the disk has. */
  async start(): Promise<void> {
    this.lives += 1;
    this.downUntil = undefined;
    this.process = this.#newProcess();
    const { process } = this;
    const outside = this.#outside(process);
    const random = seededRandom(`life ${this.#seed} ${this.lives}`);
    this.log(`life ${this.lives}`);
    this.spooler = await process.outcome(
      createSpooler({
        store: processStore(this.store, process, (call, given, answer) => this.#caught(() => this.ledger.heard(call, given, answer))),
        clock: process.clock,
        random,
        providers: [
          ...kinds.map((kind) => sender(kind, outside)),
          ...this.mailboxes.map((box, at) => receiver(box, at === 0 ? 'notify' : 'poll', outside)),
        ],
        preprocessors: [customs(() => process.alive)],
        retry: retryPolicy(random, { maxAttempts: 12, warnAfterMs: [4 * 60 * minute] }),
        retention: { contentMs: 3 * 24 * 60 * minute },
      }),
    );
    // Before anything moves again.
    await this.recover();
    if (process.alive) await process.outcome(process.reach('start: opened'));
    if (process.alive) await process.outcome(this.spooler?.start() ?? Promise.resolve());
    if (process.alive) await process.outcome(process.reach('start: started'));
    this.disturbAll(this.time.now());
  }

  /** Reads what the disk has after a crash into the books; nothing is missing. */
  async recover(): Promise<void> {
    if (!this.process.alive) return;
    for await (const message of this.store.find({ direction: 'outbound' })) this.ledger.found(message);
    this.spooler?.events$.subscribe((event) => {
      if (event.type === 'received') this.receipts.unread.add(event.id);
      if (event.type === 'gate') this.faults.disturb(nameOf(event.session), event.gate?.until ?? this.time.now());
    });
  }

  /** The process dies. What it had not synced is lost, but for the first `written` of its calls. */
  crash(written: number, downMs: number): void {
    if (!this.process.alive) return;
    this.log('crash');
    this.crashes += 1;
    this.dieAt = undefined;
    this.process.die();
    this.store.crash({ written });
    this.store = this.store.sharing();
    const inFlight = this.ledger.died();
    this.mostInFlight = Math.max(this.mostInFlight, inFlight);
    // Four for each connection, as every session has it (`maxUnsettled`).
    this.checks.hold('only what was in flight twice', inFlight <= 16 + 4 + 8, () => `${inFlight} messages were in flight at a crash`);
    for (const mailbox of this.mailboxes) mailbox.news = () => undefined;
    this.downUntil = this.time.now() + downMs;
    this.faults.fire('crash');
    this.disturbAll(this.downUntil);
  }

  disturbAll(until: number): void {
    this.faults.disturb('*', until);
  }

  #newProcess(): Process {
    const process: Process = new Process(
      this.time,
      (label) => this.#pass(process, label),
      () => this.slowDisk,
    );
    return process;
  }

  #pass(process: Process, label: string): void {
    this.passed[label] = (this.passed[label] ?? 0) + 1;
    if (process !== this.process || !this.dieAt || !label.startsWith(this.dieAt.label)) return;
    this.dieAt.skip -= 1;
    if (this.dieAt.skip >= 0) return;
    const { written } = this.dieAt;
    this.faults.fire(`crash at ${label}`);
    this.crash(written, 5_000);
  }

  #outside(process: Process): Outside {
    const life = this.lives;
    return {
      process,
      faults: this.faults,
      took: (number, address, digest) => {
        // Its last words were not heard.
        if (!process.alive) return { life, settled: false };
        this.log(`take ${number} ${address}`);
        return this.#caught(() => this.ledger.took(number, address, life, digest)) ?? { life, settled: false };
      },
      tookReport: (bytes) => (process.alive ? this.receipts.took(bytes) : undefined),
      hasTaken: (number, address) => (this.ledger.byNumber.get(number)?.rows.find((row) => row.address === address)?.takes.length ?? 0) > 0,
      handingOver: (message) => this.#race(message),
      opened: (name, support) => {
        this.lateReports.set(name, support);
        const mailbox = this.mailboxes.find(({ box }) => box === name);
        if (mailbox) mailbox.news = () => support.spoolerNotify({ type: 'newMail' });
      },
      saved: (mailbox, number) => this.#caught(() => this.#saved(mailbox, number)),
    };
  }

  #caught<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation ??= error;
      return undefined;
    }
  }

  /** A cancel that comes while the message is on its last few bytes. */
  #race({ id }: OutboundMessage): void {
    if (this.cancelsAtHandOver <= 0) return;
    this.cancelsAtHandOver -= 1;
    this.faults.fire('cancel at the hand-over');
    this.background(this.spooler?.cancel(id));
  }

  /** A call whose end nobody waits for; whatever it answers is found in the books. */
  background(running: Promise<unknown> | undefined): void {
    running?.catch((error: unknown) => this.log(`refused ${String((error as { code?: string }).code)}`));
  }

  #saved(mailbox: Mailbox, number: number): void {
    this.log(`saved ${number}`);
    const mail = mailbox.mails.get(number);
    mailbox.saved += 1;
    if (!mail) return;
    const others = this.mailboxes.reduce((sum, { saved }) => sum + saved, -mailbox.saved) - mail.othersSaved;
    const quiet = mail.arrivedAt > this.faults.clearSince([mailbox.box, '*']) + recoveryMs;
    if (quiet) this.checks.hold('a flood delays nobody', others <= 3 * 32, () => `${others} others were received before mail ${number}`);
  }
}

const forbidden = { code: 'EFORBIDDEN', text: 'not to leave the country' };

/** Some messages fail in it a few times, some are held. */
function customs(alive: () => boolean): Preprocessor {
  const failed = new Map<string, number>();
  return {
    name: 'customs',
    preprocess: async ({ id, properties, recipients }) => {
      const wish = /customs (fails|holds|refuses at once|refuses)/.exec(properties.subject ?? '')?.[1];
      if (!alive() || !wish) return undefined;
      if (wish === 'holds') return { hold: { reason: 'to be looked at', until: properties.expiresAt ? properties.expiresAt - minute : 0 } };
      const times = (failed.get(id) ?? 0) + 1;
      failed.set(id, times);
      if (wish !== 'refuses at once' && times < 3) throw new Error('not now');
      if (wish !== 'fails') return { undeliverable: recipients.map(({ id: recipient }) => ({ recipient, diagnostic: forbidden })) };
      return undefined;
    },
  };
}
