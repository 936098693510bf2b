// Does a session that floods, one that hangs and one that is slow cost the others anything? Three sessions work, alone
// and beside those three, in both directions, on the embedded store; each must keep most of what it had.
import { join } from 'node:path';
import { createSpooler, embeddedStore, type Spooler } from 'mailspool';
import type { InboundMessage, SpoolerSupport, TransportProvider, TransportSession } from 'mailspool/provider';
import type { Answer, Ratio } from './answer.ts';
import { type BenchOptions, callers, type Contender, takeTurns } from './harness.ts';
import { preparePlace } from './place.ts';

const workers = ['a', 'b', 'c'] as const;
const callersEach = 16;
const warmUp = 600;
const notificationsPerMs = 10;
const slowMs = 500;
/** A session whose turn it is not waits for the turns of others, and a turn is two seconds. */
const longestWaitMs = 2_000;
/** What each session has to keep of what it gets alone. */
const share = 0.6;
/** Less would measure an idle spooler. */
const busyPerSecond = 500;

export async function fairness({ messages, rounds, directory, progress }: BenchOptions): Promise<Answer> {
  await using place = await preparePlace(directory);
  await using calm = await Office.open(join(place.directory, 'calm'), false);
  await using troubled = await Office.open(join(place.directory, 'troubled'), true);
  const offices = [calm, troubled];
  const contenders = offices.flatMap((office) => [office.contender('outbound'), office.contender('inbound')]);
  const inEachTurn = Math.ceil(messages / rounds / workers.length) * workers.length;
  const records = await takeTurns({ contenders, messages: inEachTurn, rounds, warmUp, progress });
  const ratios = (['outbound', 'inbound'] as const).flatMap((way) => workers.map((worker) => kept(way, worker, calm, troubled, rounds)));
  const faults = [
    ...ratios.filter(({ median }) => median < share).map(({ name, median }) => `${name}: ${median.toFixed(2)} is less than ${share}`),
    ...records.slice(0, 2).flatMap(({ name, turns }) => {
      const slowest = Math.min(...turns.map((turn) => turn.messages / turn.seconds));
      return slowest < busyPerSecond ? [`${name}: ${Math.round(slowest)} a second, less than ${busyPerSecond}`] : [];
    }),
    ...(troubled.longestGapMs > longestWaitMs ? [`the longest wait was ${Math.round(troubled.longestGapMs)} ms, more than ${longestWaitMs}`] : []),
  ];
  const ofEach = warmUp + inEachTurn * rounds;
  progress(`longest time without a message in a session: ${Math.round(calm.longestGapMs)} ms alone, ${Math.round(troubled.longestGapMs)} ms beside`);
  return {
    question: `Three sessions alone, and beside one that notifies ${notificationsPerMs * 1000} times a second with mail always waiting, one that hangs, and one that takes ${slowMs} ms`,
    records,
    ratios,
    place,
    counts: offices.map((office) => ({ what: `messages of the three, ${office.name}`, counted: office.done, expected: ofEach * 2 })),
    faults,
  };
}

/** What a worker keeps beside the troublemakers, round by round. */
function kept(way: 'outbound' | 'inbound', worker: string, calm: Office, troubled: Office, rounds: number): Ratio {
  const times = (office: Office): number[] => office.times.get(`${way} ${worker}`)?.slice(-rounds) ?? [];
  const [alone, beside] = [times(calm), times(troubled)];
  const ratios = alone.map((seconds, round) => seconds / (beside[round] ?? Number.POSITIVE_INFINITY)).sort((x, y) => x - y);
  return {
    name: `session ${worker}, ${way}: kept`,
    min: ratios[0] ?? 0,
    median: ratios[Math.floor(ratios.length / 2)] ?? 0,
    max: ratios.at(-1) ?? 0,
  };
}

/** A spooler with three sessions that work and, if troubled, three that do not. */
class Office {
  readonly name: string;
  readonly times = new Map<string, number[]>();
  done = 0;
  longestGapMs = 0;
  readonly #spooler: Spooler;
  readonly #inboxes: ReadonlyMap<string, Inbox>;
  readonly #trouble: Trouble | undefined;

  static async open(directory: string, isTroubled: boolean): Promise<Office> {
    const inboxes = new Map(workers.map((worker) => [worker as string, new Inbox()]));
    const trouble = isTroubled ? new Trouble() : undefined;
    const providers = [...workers.map((worker) => working(worker, inboxes.get(worker) ?? new Inbox())), ...(trouble?.providers ?? [])];
    const spooler = await createSpooler({ store: embeddedStore({ directory }), providers });
    await spooler.start();
    return new Office(isTroubled ? 'beside the three others' : 'alone', spooler, inboxes, trouble);
  }

  private constructor(name: string, spooler: Spooler, inboxes: ReadonlyMap<string, Inbox>, trouble: Trouble | undefined) {
    this.name = name;
    this.#spooler = spooler;
    this.#inboxes = inboxes;
    this.#trouble = trouble;
  }

  contender(way: 'outbound' | 'inbound'): Contender {
    return {
      name: `${way}, ${this.name}`,
      run: async (messages) => {
        await this.#trouble?.begin(this.#spooler);
        const each = messages / workers.length;
        await Promise.all(
          workers.map(async (worker) => await this.#timed(`${way} ${worker}`, each, way === 'outbound' ? this.#send(worker) : this.#receive(worker))),
        );
        this.#trouble?.end();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#trouble?.end();
    await this.#spooler.stop({ drainMs: 0 });
  }

  #send(worker: string): (messages: number, done: () => void) => Promise<void> {
    return async (messages, done) =>
      await callers(callersEach, messages, async (number) => {
        const { id } = await this.#spooler.submit({
          from: 'ann@bench.test',
          to: { type: worker.toUpperCase(), address: String(number) },
          text: 'Hello\n',
        });
        await this.#spooler.settled(id);
        done();
      });
  }

  #receive(worker: string): (messages: number, done: () => void) => Promise<void> {
    return async (messages, done) => await this.#inboxes.get(worker)?.fill(messages, done);
  }

  async #timed(name: string, messages: number, run: (messages: number, done: () => void) => Promise<void>): Promise<void> {
    const begun = performance.now();
    let last = begun;
    await run(messages, () => {
      const now = performance.now();
      this.longestGapMs = Math.max(this.longestGapMs, now - last);
      last = now;
      this.done += 1;
    });
    this.times.set(name, [...(this.times.get(name) ?? []), (performance.now() - begun) / 1000]);
  }
}

/** Mail that waits for one session. */
class Inbox {
  support: SpoolerSupport | undefined;
  #left = 0;
  #number = 0;
  #done: () => void = () => undefined;
  #empty: () => void = () => undefined;

  async fill(messages: number, done: () => void): Promise<void> {
    this.#left = messages;
    this.#done = done;
    const emptied = new Promise<void>((resolve) => (this.#empty = resolve));
    this.support?.spoolerNotify({ type: 'newMail' });
    await emptied;
  }

  async receive(message: InboundMessage): Promise<void> {
    if (this.#left === 0) return;
    this.#left -= 1;
    await receiveOne(message, String((this.#number += 1)));
    this.#done();
    if (this.#left === 0) this.#empty();
  }
}

async function receiveOne(message: InboundMessage, reference: string): Promise<void> {
  await message.setReference(reference);
  await message.setContent(Buffer.from(`Subject: ${reference}\r\n\r\nHello\r\n`));
  await message.saveChanges();
}

const provider = (name: string, open: (support: SpoolerSupport) => TransportSession): TransportProvider => ({
  name,
  logon: (support) => Promise.resolve(open(support)),
});

const working = (name: string, inbox: Inbox): TransportProvider =>
  provider(name, (support) => {
    inbox.support = support;
    return {
      addressTypes: [name.toUpperCase()],
      reception: 'notify',
      limits: { outbound: 8 },
      submitMessage: () => Promise.resolve({ outcome: 'accepted' }),
      startMessage: async (message) => await inbox.receive(message),
    };
  });

/** One that floods the spooler with news and mail, one that never comes back, one that takes its time. */
class Trouble {
  readonly providers: readonly TransportProvider[];
  #isOn = false;
  #notify: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #number = 0;

  constructor() {
    const never = new Promise<never>(() => undefined);
    const slowly = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, slowMs));
    this.providers = [
      provider('flood', (support) => {
        this.#notify = () => support.spoolerNotify({ type: 'newMail' });
        return {
          addressTypes: ['FLOOD'],
          reception: 'notify',
          startMessage: async (message) => {
            if (this.#isOn) await receiveOne(message, String((this.#number += 1)));
          },
        };
      }),
      provider('hang', () => ({
        addressTypes: ['HANG'],
        reception: 'poll',
        submitMessage: () => never,
        poll: () => never,
        startMessage: () => never,
      })),
      provider('slow', () => ({
        addressTypes: ['SLOW'],
        reception: 'poll',
        limits: { pollIntervalMs: 1 },
        submitMessage: async () => {
          await slowly();
          return { outcome: 'accepted' };
        },
        poll: async () => {
          await slowly();
          return true;
        },
        startMessage: slowly,
      })),
    ];
  }

  async begin(spooler: Spooler): Promise<void> {
    this.#isOn = true;
    for (const type of ['HANG', 'SLOW'])
      for (let n = 0; n < 4; n += 1) await spooler.submit({ from: 'ann@bench.test', to: { type, address: String(n) }, text: 'Hello\n' });
    this.#timer = setInterval(() => {
      for (let n = 0; n < notificationsPerMs; n += 1) this.#notify();
    }, 1);
  }

  end(): void {
    this.#isOn = false;
    clearInterval(this.#timer);
  }
}
