// What a case works with: sessions of the provider under test, messages to hand over and to receive, and a clock that
// passes only where a case lets it.
import assert from 'node:assert/strict';
import type { Address } from '../../message/recipient.ts';
import type { LogonOptions, TransportProvider } from '../../provider/transport-provider.ts';
import type { TransportSession, Wanted } from '../../provider/transport-session.ts';
import { systemClock } from '../../time/clock.ts';
import { nextTurn } from '../../time/turn.ts';
import { NotShown, type Capabilities } from '../conformance/suite.ts';
import { StrayErrors } from '../conformance/stray-errors.ts';
import { seededRandom } from '../seeded-random.ts';
import { virtualTime, type VirtualTime } from '../virtual-time.ts';
import { HandOver } from './hand-over.ts';
import { Spool, type Turn, type TurnWatch } from './inbound-message.ts';
import type { OutboundDraft } from './outbound-message.ts';
import type { Delivered, ProviderCapability, ProviderFactory, ProviderUnderTest } from './subject.ts';
import { logonOptions, type SupportOptions, type TestSupport } from './support.ts';

export type ProviderCapabilities = Capabilities<ProviderCapability>;

/** A session, logged on as the spooler does it. */
export interface LoggedOn {
  readonly session: TransportSession;
  readonly support: TestSupport;
}

/** A session's support in which its case takes part. */
export type SupportOfCase = NonNullable<Parameters<ProviderWorld['logOn']>[0]>['support'];

/** What the spooler gives a call that it has aborted, and a session that it logs off, in ms on the clock. */
export const graceMs = 5_000;
/** What a call may take that nothing disturbs, in ms on the clock; most take none. */
const usualMs = 30_000;
/** After so much on the clock a session has noticed that a line is dead, and has another, in ms. */
export const longestMs = 600_000;
/** So many turns of the event loop before anybody asks what the time is. */
const eagerTurns = 200;
/** A round that goes on after so many turns never ends. */
const mostTurns = 200;

export class ProviderWorld implements AsyncDisposable {
  readonly clock: VirtualTime;
  /** What was received; outlives sessions. */
  readonly spool = new Spool();
  readonly under: ProviderUnderTest;
  readonly stray = new StrayErrors();
  /** What the sessions were handed, also those whose logon failed. */
  readonly supports: TestSupport[] = [];
  readonly #capabilities: ProviderCapabilities;
  readonly #patienceMs: number;
  readonly #sessions = new Set<LoggedOn>();
  readonly #providers = new Set<TransportProvider>();
  #provider: TransportProvider | undefined;
  #passing: Promise<void> | undefined;
  #count = 0;

  private constructor(clock: VirtualTime, under: ProviderUnderTest, capabilities: ProviderCapabilities, patienceMs: number) {
    this.clock = clock;
    this.under = under;
    this.#capabilities = capabilities;
    this.#patienceMs = patienceMs;
  }

  static async create(factory: ProviderFactory, capabilities: ProviderCapabilities, patienceMs: number): Promise<ProviderWorld> {
    const clock = virtualTime();
    return new ProviderWorld(clock, await factory(clock), capabilities, patienceMs);
  }

  can(capability: ProviderCapability): boolean {
    return this.#capabilities[capability] === true;
  }

  /** The other side's part, which the case says that it needs. */
  side<Name extends keyof ProviderUnderTest>(name: Name): NonNullable<ProviderUnderTest[Name]> {
    const part = this.under[name];
    assert(part !== undefined, `the subject names the capability ${name} and has no method for it`);
    return (typeof part === 'function' ? part.bind(this.under) : part) as NonNullable<ProviderUnderTest[Name]>;
  }

  get provider(): TransportProvider {
    this.#provider ??= this.under.provider();
    this.#providers.add(this.#provider);
    return this.#provider;
  }

  recipient(n: number): Address {
    return this.under.recipient?.(n) ?? { type: 'SMTP', address: `bob${n}@example.org` };
  }

  /** Logs on with both directions closed and opens them one after the other, as the spooler does (M-003). */
  async logOn(options: Partial<LogonOptions> & { open?: boolean; spool?: Spool; support?: SupportOptions } = {}): Promise<LoggedOn> {
    const { open = true, spool = this.spool, support: more, ...rest } = options;
    const { credentials } = this.under;
    const support = spool.support({
      // Work of the provider does not hold this clock: a case lets it pass while the other side says nothing.
      clock: { now: () => this.clock.now(), sleep: (ms, signal) => this.clock.sleep(ms, signal) },
      random: seededRandom(1),
      ...(credentials && { credentials: credentials.bind(this.under) }),
      ...more,
    });
    this.supports.push(support);
    const logon = this.provider.logon(support, logonOptions({ inbound: false, outbound: false, ...rest }));
    const logged = { session: await this.ends(logon, 'logon', graceMs), support };
    this.#sessions.add(logged);
    if (open) for (const type of ['outbound', 'inbound'] as const) await this.tell(logged, { type, on: true });
    return logged;
  }

  async tell({ session }: LoggedOn, event: Parameters<NonNullable<TransportSession['transportNotify']>>[0]): Promise<void> {
    await this.ends(Promise.resolve(session.transportNotify?.(event)), `transportNotify ${event.type}`);
  }

  async logOff(logged: LoggedOn): Promise<void> {
    this.#sessions.delete(logged);
    await this.ends(Promise.resolve(logged.session.logoff?.()), 'logoff', graceMs);
    logged.support.logoff();
  }

  /** As if the process had been killed: nobody is logged off, and the next session is of a new provider. */
  async restart(): Promise<LoggedOn> {
    this.#provider = undefined;
    return this.logOn();
  }

  /** A message that no other of this case looks like. */
  mail(body = 'Hello\r\n'): Buffer {
    const mail = Buffer.from(
      `From: ann@example.org\r\nTo: bob1@example.org\r\nSubject: number ${++this.#count}\r\nMessage-ID: <${this.#count}@example.org>\r\n\r\n${body}`,
    );
    return mail.subarray(0, this.under.maxMailBytes);
  }

  /** A hand-over that has begun. */
  begin(
    { session }: LoggedOn,
    draft: OutboundDraft & { readonly recipients?: number } = {},
    signal: AbortSignal = new AbortController().signal,
  ): { handOver: HandOver; done: Promise<HandOver> } {
    const { recipients = 1, ...rest } = draft;
    const to = Array.from({ length: recipients }, (_, index) => this.recipient(index + 1));
    const handOver = new HandOver({ to, raw: this.mail(), ...rest });
    const submit = async (): Promise<HandOver> => {
      try {
        handOver.result = await session.submitMessage?.(handOver.message, signal);
        handOver.end = await session.endMessage?.(handOver.message.reference, new AbortController().signal).catch(String);
      } catch (error) {
        handOver.error = error instanceof Error ? error : new Error(String(error));
      } finally {
        handOver.revoke();
      }
      return handOver;
    };
    return { handOver, done: submit() };
  }

  /** A hand-over from its beginning to its end. */
  async submit(logged: LoggedOn, draft: OutboundDraft & { readonly recipients?: number } = {}, signal?: AbortSignal): Promise<HandOver> {
    return this.ends(this.begin(logged, draft, signal).done, 'submitMessage');
  }

  /** One call of `startMessage`. */
  async turn({ session }: LoggedOn, watch: TurnWatch = {}, withinMs: number = usualMs): Promise<Turn> {
    return this.ends(this.spool.turn(session, undefined, watch), 'startMessage', withinMs);
  }

  /** Turns until one neither saves nor meets what is known (M-081). How many there were. */
  async round(logged: LoggedOn, withinMs?: number, wanted: Wanted = {}): Promise<number> {
    for (let turns = 0; turns < mostTurns; turns++) if ((await this.turn(logged, { wanted }, withinMs)).result === 'nothing') return turns;
    return assert.fail(`after ${mostTurns} turns there is still something to receive`);
  }

  /** Rounds until so many messages were received in all, however the lines behave; time passes between them. */
  async receive(logged: LoggedOn, count: number): Promise<void> {
    await this.until(
      async () => {
        await this.round(logged, longestMs).catch(() => undefined);
        return this.spool.saved.length >= count;
      },
      `${count} messages are received`,
      longestMs,
    );
    assert.equal(this.spool.saved.length, count, 'each message is received once');
  }

  async poll({ session }: LoggedOn): Promise<boolean | undefined> {
    return this.ends(Promise.resolve(session.poll?.(new AbortController().signal)), 'poll');
  }

  announced({ support }: LoggedOn): number {
    return support.news.filter(({ type }) => type === 'newMail').length;
  }

  async delivered(): Promise<readonly Delivered[]> {
    return this.side('delivered')();
  }

  /** What the other side has of this message; it may take it a moment. */
  async arrivedOf(raw: Uint8Array): Promise<Delivered> {
    const find = async () => (await this.delivered()).find(({ bytes }) => subjectOf(bytes) === subjectOf(raw));
    await this.until(async () => (await find()) !== undefined, 'the message is at the other side');
    return (await find()) as Delivered;
  }

  /** The case is about something that this session does not have. */
  notShown(why: string): never {
    throw new NotShown(why);
  }

  /** What the call comes to; it fails if it does not end while so many ms pass on the clock. */
  async ends<T>(running: Promise<T>, what: string, withinMs: number = usualMs): Promise<T> {
    let done = false;
    const settle = (): void => void (done = true);
    running.then(settle, settle);
    await this.until(() => done, `${what} ends`, withinMs);
    return running;
  }

  /** Waits until it is so: first in real time alone, for those who talk to real servers, then while `withinMs` pass on the clock. */
  async until(condition: () => boolean | Promise<boolean>, what: string, withinMs: number = usualMs): Promise<void> {
    const startedAt = systemClock.now();
    const stepMs = Math.max(100, withinMs / 20);
    for (let turns = 0, passedMs = 0; !(await condition()); turns++) {
      if (turns < eagerTurns) {
        await nextTurn();
        continue;
      }
      const waitedMs = systemClock.now() - startedAt;
      if (passedMs < withinMs && waitedMs > this.#patienceMs / 20) {
        await this.pass(Math.min(stepMs, withinMs - passedMs));
        passedMs += stepMs;
      } else if (passedMs >= withinMs && waitedMs > this.#patienceMs) {
        assert.fail(`${what}: not within ${withinMs} ms`);
      }
      await systemClock.sleep(1);
    }
  }

  /** Lets time pass; whoever waits at once with others shares one passage. */
  pass(ms: number): Promise<void> {
    this.#passing ??= this.clock.advance(ms).finally(() => (this.#passing = undefined));
    return this.#passing;
  }

  /** Lets whatever is ready happen; nobody is waited for. */
  async calm(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    await systemClock.sleep(2);
    await this.pass(1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const logged of this.#sessions) await this.logOff(logged).catch(() => undefined);
      for (const provider of this.#providers) await this.ends(Promise.resolve(provider.shutdown?.()), 'shutdown', graceMs);
      await nextTurn();
      assert.deepEqual(this.stray.errors, [], 'no error is left uncaught');
    } finally {
      this.stray[Symbol.dispose]();
      await this.under.dispose?.();
    }
  }
}

/** What tells a message of a case from the others, whatever was added on the way. */
export const subjectOf = (bytes: Uint8Array): string | undefined => /^Subject: (.*?)\r?$/m.exec(Buffer.from(bytes).toString('latin1'))?.[1];
