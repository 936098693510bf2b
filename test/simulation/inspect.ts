// What must hold between two steps, and at the end.
import { isFinal } from '../../src/message/transitions.ts';
import type { StoredMessage } from '../../src/store/message-store.ts';
import { type Entry, nameOf, type Row } from './ledger.ts';
import { inspectReceipts, noteReceipts } from './receipts.ts';
import { recoveryMs, type World } from './world.ts';

/** How late a served recipient may be where nothing is in the way. */
const promptMs = 5_000;
const mostTimers = 400;
const mostClaimed = 160;

/** After each step: what is open. */
export async function inspect(world: World): Promise<void> {
  const { checks, ledger, process, store, time } = world;
  if (!process.alive) return;
  const open = [...ledger.open];
  const stored = await store.get(open.map(({ id }) => id));
  for (const [at, entry] of open.entries()) compare(world, entry, stored[at]);
  const claimed = open.filter(({ rows }) => rows.some((row) => row.claimed !== undefined)).length;
  checks.hold('bounded memory', time.pending <= mostTimers && claimed <= mostClaimed, () => `${time.pending} timers, ${claimed} claimed messages`);
  for (const entry of open) for (const row of entry.rows) punctual(world, entry, row);
  for (const mailbox of world.mailboxes) {
    const first = mailbox.waiting;
    const allowedMs = mailbox.box === 'harbour' ? promptMs : promptMs + 60_000;
    const since = Math.max(first?.arrivedAt ?? time.now(), world.faults.clearSince([mailbox.box, '*']) + recoveryMs);
    checks.hold(
      'no wake-up is lost',
      time.now() - since <= allowedMs,
      () => `mail ${first?.number} waits at ${mailbox.box} since ${time.now() - since} ms`,
    );
  }
}

function compare({ checks }: World, entry: Entry, stored: StoredMessage | undefined): void {
  if (entry.purged && !stored) return;
  checks.hold('nothing accepted is lost', !entry.accepted || stored !== undefined, () => `message ${entry.number} is gone`);
  if (!stored) return;
  for (const row of entry.rows) {
    const { state } = stored.recipients.find(({ id }) => id === row.id)?.status ?? { state: 'missing' };
    const same = state === row.state || (state === 'claimed' && !isFinal(row.state));
    checks.hold('one state, one sum', same, () => `message ${entry.number} to ${row.address} is ${state}, and was left ${row.state}`);
  }
}

/** Whoever is due and has a free way is not kept waiting. */
function punctual({ checks, faults, time }: World, entry: Entry, row: Row): void {
  const { route } = row;
  if (!route || row.claimed !== undefined || entry.purged || (row.state !== 'queued' && row.state !== 'deferred')) return;
  const session = nameOf(route.session);
  const clear = faults.clearSince(['*', session, route.destination ?? session]) + recoveryMs;
  const lateMs = time.now() - Math.max(row.dueAt, entry.dueAt, clear);
  checks.hold(
    'no wake-up is lost',
    lateMs <= promptMs,
    () => `message ${entry.number} to ${row.address}, ${row.state}, waits ${lateMs} ms at a free ${session}`,
  );
}

/** Now and then, after each start and at the end: everything there is. */
export async function inspectAll(world: World): Promise<void> {
  const { checks, ledger, process, store } = world;
  if (!process.alive) return;
  const seen = new Set<number>();
  const received = new Map<string, number>();
  const reports = new Map<number, string[]>();
  const marked = new Set<string>();
  const sums = { stored: 0, booked: 0 };
  for await (const message of store.find({})) {
    const entry = ledger.entries.get(message.id);
    noteReceipts(world, message, marked);
    if (entry) {
      seen.add(entry.number);
      compare(world, entry, message);
      sums.stored += message.recipients.length;
    } else if (message.session === 'spooler') await report(world, message, reports);
    else if (message.direction === 'inbound' && !message.headersOnly)
      count(received, `${nameOf(message.session ?? '')} ${message.properties.subject}`);
  }
  for (const entry of ledger.entries.values()) {
    checks.hold('nothing accepted is lost', !entry.accepted || entry.purged || seen.has(entry.number), () => `message ${entry.number} is gone`);
    if (seen.has(entry.number)) sums.booked += entry.rows.length;
    reported(world, entry, reports.get(entry.number) ?? []);
  }
  checks.hold('one state, one sum', sums.stored === sums.booked, () => `${sums.stored} recipients are stored, ${sums.booked} are known`);
  inspectReceipts(world, marked);
  for (const [name, times] of received) checks.hold('no reference twice', times === 1, () => `${name} is stored ${times} times`);
  for (const { box, acknowledged } of world.mailboxes) {
    const missing = [...acknowledged].find((number) => !received.has(`${box} in ${number}`));
    checks.hold('nothing acknowledged is lost', missing === undefined, () => `mail ${missing} was deleted at ${box} and is not here`);
  }
}

const count = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);

/** Which failures a report tells of. */
async function report(world: World, message: StoredMessage, reports: Map<number, string[]>): Promise<void> {
  if (!message.properties.messageClass?.toUpperCase().endsWith('.NDR')) return;
  const told = world.reports.get(message.id) ?? (await readReport(world, message));
  world.reports.set(message.id, told);
  reports.set(told.number, [...(reports.get(told.number) ?? []), ...told.addresses]);
}

async function readReport({ store }: World, message: StoredMessage): Promise<{ readonly number: number; readonly addresses: readonly string[] }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.readContent(message.content)) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString();
  const number = Number(/^Original-Envelope-Id: m(\d+)/im.exec(text)?.[1]);
  return { number, addresses: [...text.matchAll(/^Final-Recipient: [^;]+; *(.*?)\r?$/gim)].map(([, address = '']) => address) };
}

function reported({ checks }: World, entry: Entry, told: readonly string[]): void {
  for (const { address, failures } of entry.rows) {
    if (failures === 0) continue;
    const times = told.filter((named) => named.includes(address)).length;
    const due = entry.silent ? 0 : failures;
    checks.hold(
      'exactly one report',
      times === due,
      () => `message ${entry.number} to ${address} failed ${failures} times and was reported ${times} times`,
    );
  }
}

/** At the end nothing is left to do. */
export function inspectEnd({ checks, ledger, mailboxes }: World): void {
  for (const entry of ledger.entries.values()) {
    const waiting = entry.rows.find(({ state }) => !isFinal(state));
    checks.hold('final or at a named gate', entry.purged || !waiting, () => `message ${entry.number} to ${waiting?.address} stays ${waiting?.state}`);
  }
  for (const { box, mails } of mailboxes) checks.hold('final or at a named gate', mails.size === 0, () => `${mails.size} mails were left at ${box}`);
}
