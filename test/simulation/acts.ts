// The steps of a plan, done to a world.
import type { StatusRecipient } from 'mailspool/provider';
import type { EntryId } from '../../src/message/recipient.ts';
import { markAll } from './headers.ts';
import type { Entry } from './ledger.ts';
import type { Act, Letter, Step } from './plan.ts';
import { readAll } from './receipts.ts';
import { type World, recoveryMs } from './world.ts';

export async function taken(world: World, { act, afterMs }: Step): Promise<void> {
  world.log(`step ${act.do}`);
  await done(world, act);
  await passed(world, afterMs);
}

/** Time goes on; a process that is down starts again when its time has come. */
export async function passed(world: World, ms: number): Promise<void> {
  const end = world.time.now() + ms;
  await world.time.settle();
  while (!world.process.alive) {
    const up = Math.max(world.time.now(), world.downUntil ?? 0);
    await world.time.advanceTo(up);
    await world.start();
    await world.time.settle();
  }
  await world.time.advanceTo(end);
  while (!world.process.alive) {
    await world.time.advanceTo(world.downUntil ?? 0);
    await world.start();
    await world.time.settle();
  }
}

async function done(world: World, act: Act): Promise<void> {
  const { faults, time, store } = world;
  const now = time.now();
  switch (act.do) {
    case 'submit':
      for (const letter of act.letters) submit(world, letter);
      return;
    case 'deliver':
      readAll(world);
      markAll(world);
      for (const number of act.numbers) deliver(world, act.box, number);
      return;
    case 'cancel':
    case 'hold':
    case 'release':
    case 'retry':
    case 'reschedule':
    case 'purge':
    case 'resolve':
      return verb(world, act);
    case 'cancel at the hand-over':
      world.cancelsAtHandOver = act.times;
      return;
    case 'late report':
      return lateReport(world, act);
    case 'misdeed':
      faults.plan(act.target, act.what, act.times, now + act.forMs);
      // Where nobody is left to ask, there is no route.
      return act.what === 'not mine' ? faults.plan('relay', act.what, act.times, now + act.forMs) : undefined;
    case 'box misdeed':
      return faults.plan(act.box, act.what, act.times, now + act.forMs);
    case 'renumber':
      for (const mailbox of world.mailboxes) if (mailbox.box === act.box) mailbox.validity += 1;
      return faults.fire('renumber');
    case 'logon fails':
      return logonFails(world, act);
    case 'crash':
      return world.crash(act.written, 5_000);
    case 'crash at':
      // The last one has not come to its point: no later than now.
      if (world.dieAt) world.crash(world.dieAt.written, 5_000);
      world.dieAt = { label: act.label, skip: act.skip, written: act.written };
      return;
    case 'restart':
      return await restart(world, act.forMs);
    case 'offline':
      faults.fire('offline');
      return aside(world, act.forMs, async (on) => await world.spooler?.setOffline(on));
    case 'suspend':
      faults.fire('suspend');
      return aside(world, act.forMs, async (on) => await (on ? world.spooler?.suspend() : world.spooler?.resume()));
    case 'disk full':
      return until(
        world,
        act.forMs,
        store.failWrites(() => diskFails(world, 'disk full')),
      );
    case 'slow disk':
      // What was on its way to the disk arrives first.
      await time.settle();
      return slowDisk(world, act.forMs);
    case 'write fails':
      return void store.failWrites(({ number }) => number === act.nth && diskFails(world, act.do));
    case 'sync fails':
      return void store.failSyncs((number) => number === act.nth && diskFails(world, act.do));
    case 'jump':
      return jump(world, act.ms);
    case 'jump back':
      return jump(world, -act.ms);
    case 'nothing':
      return;
  }
}

function submit(world: World, letter: Letter): void {
  const { process, spooler, ledger, time } = world;
  world.letters.set(letter.number, letter);
  if (!process.alive || !spooler) return;
  const { expiresInMs, silent, keyed, preprocessed, ...options } = letter.options;
  const accepted = spooler.submit(
    {
      from: 'ann@harbour.example',
      to: [...letter.to],
      subject: preprocessed ? `customs ${customsOf(letter.number, preprocessed)}` : `out ${letter.number}`,
      messageId: `<${letter.number}@sim.example>`,
      date: new Date(Date.UTC(2030, 0, 1)),
      text: `Letter ${letter.number}\n`,
    },
    {
      ...options,
      envelopeId: `m${letter.number}`,
      ...(silent && { report: { nonDelivery: false } }),
      ...(keyed && { idempotencyKey: `key ${letter.number}` }),
      ...(expiresInMs !== undefined && { expiresAt: time.now() + lifeOf(letter.number, expiresInMs) + (options.sendAt?.afterMs ?? 0) }),
    },
  );
  world.background(
    accepted.then(({ id }) => {
      world.log(`accepted ${letter.number}`);
      const entry = ledger.entries.get(id);
      if (entry) entry.accepted = true;
    }),
  );
}

/** A third of those that meet the customs are refused there, at once or when they are looked at again. */
const customsOf = (number: number, wish: string): string => (number % 3 !== 0 ? wish : number % 2 === 0 ? 'refuses at once' : 'refuses');

/** Half of those that expire do so while they are under way. */
const lifeOf = (number: number, expiresInMs: number): number => (number % 2 === 0 ? expiresInMs : 1_000 + (expiresInMs % 60_000));

function deliver(world: World, box: string, number: number): void {
  const { mailboxes, time } = world;
  const others = mailboxes.filter((mailbox) => mailbox.box !== box).reduce((sum, { saved }) => sum + saved, 0);
  mailboxes.find((mailbox) => mailbox.box === box)?.deliver(number, time.now(), others);
}

type Verb = Extract<Act, { readonly number: number; readonly choice: number }>;

/** Verbs choose among the messages for which they mean something, so that few of them are idle. */
function verb(world: World, { do: what, number, choice }: Verb): void {
  const { ledger, spooler, process } = world;
  if (!process.alive || !spooler) return;
  const among = candidates(ledger.entries.values(), what);
  const entry = among[number % Math.max(1, among.length)];
  if (!entry) return;
  world.log(`${what} ${entry.number}`);
  world.faults.fire(what);
  world.background(apply(world, what, entry, choice));
}

const concerned: Readonly<Record<Verb['do'], readonly string[]>> = {
  cancel: ['queued', 'deferred', 'held', 'uncertain'],
  hold: ['queued', 'deferred', 'held', 'uncertain'],
  release: ['held'],
  retry: ['failed', 'expired', 'deferred', 'uncertain'],
  reschedule: ['queued', 'deferred', 'held'],
  purge: ['queued', 'deferred', 'held', 'uncertain'],
  resolve: ['uncertain'],
};

const candidates = (entries: Iterable<Entry>, what: Verb['do']): Entry[] =>
  [...entries].filter(({ rows, purged }) => !purged && rows.some(({ state }) => concerned[what].includes(state)));

async function apply(world: World, what: Verb['do'], entry: Entry, choice: number): Promise<unknown> {
  const { spooler } = world;
  const { id } = entry;
  switch (what) {
    case 'cancel':
      return await spooler?.cancel(id);
    case 'hold':
      return await spooler?.hold(id);
    case 'release':
      return await spooler?.release(id);
    case 'retry':
      return await spooler?.retry(id);
    case 'reschedule':
      return await spooler?.reschedule(id, { afterMs: (choice + 1) * 60_000 });
    case 'purge':
      entry.purged = true;
      return await spooler?.purge(id);
    case 'resolve':
      return await resolved(world, id, choice);
  }
}

const verdicts = ['accepted', 'rejected', 'notSent'] as const;

export async function resolved({ spooler, ledger }: World, id: EntryId, choice: number): Promise<void> {
  for (const row of ledger.entries.get(id)?.rows ?? []) {
    if (row.state !== 'uncertain') continue;
    if (verdicts[choice] === 'accepted') row.vouched = true;
    await spooler?.resolve(id, row.id, verdicts[choice] ?? 'notSent');
  }
}

/** What another system may still say of a recipient, by what it says. */
const open = {
  relayed: ['held', 'uncertain'],
  delivered: ['relayed', 'held', 'uncertain'],
  failed: ['delivered', 'held', 'relayed', 'uncertain'],
} as const;

/** Another system says later what became of a message: a bounce, or a receipt. States that are rare are looked for first. */
function lateReport(world: World, { number, says }: Extract<Act, { readonly do: 'late report' }>): void {
  const { ledger, process, lateReports, time } = world;
  const word = says === 'delivered' && number % 3 === 0 ? 'relayed' : says;
  const rows = [...ledger.entries.values()].filter(({ purged }) => !purged).flatMap((entry) => entry.rows.map((row) => ({ entry, row })));
  const states = open[word].filter((state) => rows.some(({ row }) => row.state === state));
  const among = rows.filter(({ row }) => row.state === states[number % Math.max(1, states.length)]);
  const one = among[number % Math.max(1, among.length)];
  const support = lateReports.get('relay');
  if (!one || !support || !process.alive || support.signal.aborted) return;
  world.faults.fire(`late report: ${says}`);
  if (word !== 'failed') one.row.vouched = true;
  const recipient = one.row.id;
  const told: StatusRecipient =
    word === 'failed'
      ? { recipient, status: word, diagnostic: { code: 'EBOUNCED', text: 'it came back' } }
      : { recipient, status: word, at: time.now() };
  world.background(support.statusRecipients({ entryId: one.entry.id }, [told]));
}

/** The session ends with an error, and cannot log on for a while. */
function logonFails(world: World, { session, times, code }: Extract<Act, { readonly do: 'logon fails' }>): void {
  const { faults, lateReports, process, time } = world;
  const support = lateReports.get(session);
  faults.plan(`logon ${session}`, code, times, time.now() + 3_600_000);
  faults.disturb(session, time.now() + 20 * 60_000);
  if (process.alive && support && !support.signal.aborted) support.spoolerNotify({ type: 'criticalError', error: new Error('the session broke') });
}

async function restart(world: World, forMs: number): Promise<void> {
  const { process, time, faults } = world;
  if (!process.alive) return;
  faults.fire('restart');
  world.disturbAll(time.now() + forMs);
  let stopped = false;
  const stopping = Promise.resolve(world.spooler?.stop({ drainMs: 2_000 })).then(async () => {
    await world.store[Symbol.asyncDispose]();
    stopped = true;
  });
  world.background(stopping);
  // Whatever hangs is aborted, or dies.
  for (let waited = 0; waited < 60 && !stopped && process.alive; waited += 1) await time.advance(1_000);
  if (!process.alive) return;
  if (!stopped) return world.crash(0, forMs);
  process.die();
  world.ledger.died();
  world.store = world.store.sharing();
  world.downUntil = time.now() + forMs;
}

function aside(world: World, forMs: number, set: (on: boolean) => Promise<unknown>): void {
  const { process, time } = world;
  world.disturbAll(time.now() + forMs);
  if (!process.alive) return;
  world.background(set(true));
  const over = () => (process.alive ? world.background(set(false)) : undefined);
  time.sleep(forMs).then(over, () => undefined);
}

function until(world: World, forMs: number, end: () => void): void {
  world.disturbAll(world.time.now() + forMs);
  world.time.sleep(forMs).then(end, () => undefined);
}

function diskFails({ faults, time }: World, what: string): true {
  faults.fire(what);
  faults.disturb('*', time.now());
  return true;
}

function slowDisk(world: World, forMs: number): void {
  const { store, faults } = world;
  const release = store.holdSync();
  faults.fire('slow disk');
  world.slowDisk = true;
  until(world, forMs, () => {
    release();
    world.slowDisk = false;
  });
}

function jump(world: World, ms: number): void {
  world.log(`jump ${ms}`);
  world.time.jump(ms);
  world.faults.fire(ms > 0 ? 'clock jumps' : 'clock jumps back');
  // Leases and deadlines that ended in their sleep are looked at within one timer.
  if (ms > 0) world.ledger.slept();
  for (const { target } of [{ target: '*' }]) world.faults.disturb(target, world.time.now() + (ms < 0 ? -ms : 0) + recoveryMs);
}
