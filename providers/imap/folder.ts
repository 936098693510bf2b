// One watched folder: which messages are still to be received, found by comparing UIDs with the position, never by
// counting. Survives bursts, expunges, messages that show up late, a new UIDVALIDITY and a lost position.
import { type Instant, type SpoolerSupport } from 'mailspool/provider';
import { acknowledge } from './acknowledge.ts';
import type { ImapConnection } from './connection.ts';
import type { Settings } from './options.ts';
import { bounded, missingUids, positionAfter, PositionSection, type FolderPosition } from './position.ts';
import { openFolder, describeMessages, findUids, internalDateOf, newestDate, statusOf, type OpenFolder, type UidSearch } from './queries.ts';
import { namesOf, type Place } from './references.ts';

/** How many messages are lined up at once. */
const batch = 200;
/** How long a UID that was passed over may still show up. */
const gapGraceMs = 10 * 60_000;
/** How many of the newest messages are looked at to tell a lost position from a first start. */
const lostStateLook = 1_000;

/** `settle`: it may have been received under another name; its digest decides. */
export interface PendingMessage {
  readonly uid: number;
  readonly uidValidity: string;
  readonly settle: boolean;
}

export interface FolderSetup {
  readonly settings: Settings;
  readonly support: SpoolerSupport;
  readonly signal: AbortSignal;
}

export class Folder {
  readonly path: string;
  readonly #setup: FolderSetup;
  readonly #section: PositionSection;
  #connection: ImapConnection | undefined;
  #pending: PendingMessage[] = [];
  /** The connection by which messages that were set aside have been tried again. */
  #retried: ImapConnection | undefined;
  /** How often each digest was met below `settleBelow`: the second copy is a message of its own. */
  readonly #copies = new Map<string, number>();

  static async open(setup: FolderSetup, path: string): Promise<Folder> {
    return new Folder(setup, path, await PositionSection.open(setup.support, path));
  }

  private constructor(setup: FolderSetup, path: string, section: PositionSection) {
    this.#setup = setup;
    this.path = path;
    this.#section = section;
  }

  get sectionKey(): string {
    return this.#section.key;
  }

  /** The next message to receive. */
  get pending(): PendingMessage | undefined {
    return this.#pending[0];
  }

  /** As a folder that this session may change, or only look at. */
  open(connection: ImapConnection): Promise<OpenFolder> {
    return openFolder(connection, this.path, { readOnly: this.#setup.settings.after === 'leave' }, this.#setup.signal);
  }

  /** For what a mark asks for: to remove a message it must be open for writing, whatever it is open for now. */
  openFor(connection: ImapConnection, purpose: 'receiving' | 'removing'): Promise<OpenFolder> {
    if (purpose === 'receiving') return this.open(connection);
    const again = connection.mailbox?.path === this.path && connection.mailbox.readOnly === true;
    return openFolder(connection, this.path, { readOnly: false, again }, this.#setup.signal);
  }

  /** Looks for what is new and lines it up. `thorough`: without trusting what the open folder seems to say. */
  async look(connection: ImapConnection, thorough: boolean): Promise<boolean> {
    if (connection !== this.#connection) this.#forget();
    if (this.#pending.length > 0) return true;
    if (connection === this.#connection && !(await this.#mayHaveNews(connection, thorough))) return false;
    const open = await this.open(connection);
    const position = await this.#settle(connection, open);
    const first = connection !== this.#connection;
    if (first) await this.#repeatAcknowledgements(connection);
    this.#connection = connection;
    if (position.next < position.settleBelow) await this.#lineUp(connection, open);
    if (this.#pending.length === 0) await this.#lineUp(connection, open);
    return this.#pending.length > 0;
  }

  /** The position once `message` is done, with what is then owed to the server; saved with it. */
  after(message: PendingMessage): FolderPosition {
    return positionAfter(this.#known(), message.uid, this.#setup.settings.after !== 'leave');
  }

  /** The message is done, and `position` was written with it; without `position` that is still to be written. */
  done(message: PendingMessage, position?: FolderPosition): void {
    if (position === undefined) this.#section.change(this.after(message));
    else this.#section.committed(position);
    this.#pending = this.#pending.filter((other) => other !== message);
    if (message.uid + 1 >= this.#known().settleBelow) this.#copies.clear();
  }

  /** Its headers alone are here: it is passed over, and nothing is owed to the server. */
  passed(message: PendingMessage, position?: FolderPosition): void {
    if (position === undefined) this.#section.change(this.afterHeaders(message));
    else this.#section.committed(position);
    this.#pending = this.#pending.filter((other) => other !== message);
  }

  afterHeaders(message: PendingMessage): FolderPosition {
    return positionAfter(this.#known(), message.uid, false);
  }

  /** The position with this message owed to the server; undefined where nothing is. */
  owing({ uid, uidValidity }: Place): FolderPosition | undefined {
    const { position } = this.#section;
    if (this.#setup.settings.after === 'leave' || position?.uidValidity !== uidValidity) return undefined;
    return { ...position, unacknowledged: bounded([...position.unacknowledged.filter((other) => other !== uid), uid]) };
  }

  committed(position: FolderPosition): void {
    this.#section.committed(position);
  }

  /** Which copy of these bytes it is in this folder: 1 for the first. */
  copyOf(digest: string): number {
    return (this.#copies.get(digest) ?? 0) + 1;
  }

  /** A message below `settleBelow` is done. */
  countCopy(digest: string): void {
    this.#copies.set(digest, this.copyOf(digest));
  }

  /** Whether the folder is open under the UIDVALIDITY that the message was found with; otherwise what is lined up is void. */
  async isCurrent(connection: ImapConnection, message: PendingMessage): Promise<boolean> {
    const same = connection === this.#connection && (await this.open(connection)).uidValidity === message.uidValidity;
    if (!same) this.#forget();
    return same;
  }

  /** Whether it is as old as the newest message that was there at the beginning, so that nobody is told of it (U-047). */
  isBaseline(message: PendingMessage, date: Instant | undefined): boolean {
    const { since } = this.#known();
    return this.#setup.settings.begin === 'new' && message.settle && since !== undefined && date !== undefined && date <= since;
  }

  /** Expunged, or not there yet: for a while it is looked for again, and never given up while SEARCH shows it (T-055, U-046). */
  vanished(message: PendingMessage): void {
    const now = this.#setup.support.clock.now();
    const until = this.#known().gaps.find((gap) => gap.uid === message.uid)?.until ?? now + gapGraceMs;
    if (until <= now) return this.setAside(message);
    const position = positionAfter(this.#known(), message.uid, false);
    this.done(message);
    this.#section.change({ ...position, gaps: bounded([...position.gaps, { uid: message.uid, until }]) });
  }

  /** The server could not give it out: others first, it is tried again with the next connection. */
  setAside(message: PendingMessage): void {
    const position = positionAfter(this.#known(), message.uid, false);
    this.done(message);
    this.#section.change({ ...position, setAside: bounded([...position.setAside, message.uid]) });
  }

  async acknowledge(connection: ImapConnection, uid: number): Promise<void> {
    const { settings, support, signal } = this.#setup;
    const answer = await acknowledge(connection, settings.after, uid, signal);
    if (answer === 'refused') {
      support.logger.warn(
        { folder: this.path, uid, after: settings.after },
        'imap: the server refused what should happen after receiving; tried again with the next connection',
      );
      return;
    }
    const position = this.#known();
    if (!position.unacknowledged.includes(uid)) return;
    this.#section.change({ ...position, unacknowledged: position.unacknowledged.filter((other) => other !== uid) });
  }

  /** Writes what changed since the last message. */
  save(): Promise<void> {
    return this.#section.save();
  }

  /** For the folder that is open NOOP lets news in; of the others STATUS tells. */
  async #mayHaveNews(connection: ImapConnection, thorough: boolean): Promise<boolean> {
    const { signal } = this.#setup;
    const open = connection.mailbox?.path === this.path;
    if (open) await connection.command('NOOP', signal, (client) => client.noop());
    if (open && !thorough) return true;
    const status = await statusOf(connection, this.path, signal);
    const position = this.#known();
    const changed = status?.uidValidity !== undefined && status.uidValidity !== position.uidValidity;
    if (changed && open) await openFolder(connection, this.path, { readOnly: this.#setup.settings.after === 'leave', again: true }, signal);
    return open || changed || position.gaps.length > 0 || status?.uidNext === undefined || status.uidNext > position.next;
  }

  /** The position that holds for this UIDVALIDITY: the known one, one from the beginning, or a resynchronisation. */
  async #settle(connection: ImapConnection, open: OpenFolder): Promise<FolderPosition> {
    const { support } = this.#setup;
    const known = this.#section.position;
    if (known?.uidValidity === open.uidValidity) return known;
    if (known !== undefined)
      support.logger.warn(
        { folder: this.path, was: known.uidValidity, is: open.uidValidity },
        'imap: UIDVALIDITY changed; every message is compared with what was received',
      );
    const fresh = { uidValidity: open.uidValidity, gaps: [], unacknowledged: [], setAside: [] };
    const position: FolderPosition =
      known !== undefined
        ? { ...fresh, next: 1, settleBelow: open.uidNext, ...(known.since === undefined ? {} : { since: known.since }) }
        : { ...fresh, ...(await this.#beginning(connection, open)) };
    this.#pending = [];
    this.#copies.clear();
    this.#section.change(position);
    await this.#section.save();
    return position;
  }

  async #beginning(connection: ImapConnection, open: OpenFolder): Promise<Pick<FolderPosition, 'next' | 'settleBelow' | 'since'>> {
    const { begin } = this.#setup.settings;
    if (begin === 'all') return { next: 1, settleBelow: open.uidNext };
    if (begin !== 'new') return { next: 1, settleBelow: open.uidNext, since: begin.sinceMs };
    const next = (await this.#highestReceived(connection, open)) ?? open.uidNext - 1;
    const since = await newestDate(connection, next, this.#setup.signal);
    return { next: next + 1, settleBelow: 1, ...(since === undefined ? {} : { since }) };
  }

  /** A position was lost, not missing, if messages of this folder have been received: then it goes on behind them (U-047). */
  async #highestReceived(connection: ImapConnection, open: OpenFolder): Promise<number | undefined> {
    const { signal } = this.#setup;
    const { uids } = await findUids(connection, { from: Math.max(1, open.uidNext - lostStateLook), uidNext: open.uidNext, also: [] }, signal);
    const known = await this.#received(connection, open.uidValidity, uids);
    return uids.filter((uid) => known.has(uid)).at(-1);
  }

  /** UIDs of which this session already has the message. */
  async #received(connection: ImapConnection, uidValidity: string, uids: readonly number[]): Promise<ReadonlySet<number>> {
    if (uids.length === 0) return new Set();
    const named = connection.namesMessages ? await describeMessages(connection, uids, this.#setup.signal) : new Map();
    const names = new Map(uids.map((uid) => [uid, namesOf(this.path, uidValidity, uid, named.get(uid)?.emailId)]));
    const received = await this.#setup.support.received([...names.values()].flat());
    return new Set(uids.filter((uid) => names.get(uid)?.some((name) => received.has(name))));
  }

  async #lineUp(connection: ImapConnection, open: OpenFolder): Promise<void> {
    const position = this.#known();
    const now = this.#setup.support.clock.now();
    const again = this.#retried === connection ? [] : position.setAside;
    const search = searchOf(position, open, [...position.gaps.map((gap) => gap.uid), ...again]);
    const found = await findUids(connection, search, this.#setup.signal);
    const uids = found.uids.slice(0, batch);
    const skipped = await this.#skipped(connection, open.uidValidity, uids, search.since);
    this.#pending = uids
      .filter((uid) => !skipped.has(uid))
      .map((uid) => ({ uid, uidValidity: open.uidValidity, settle: uid < position.settleBelow }));
    if (search.closed !== true) this.#retried = connection;
    const there = (uid: number): boolean => found.uids.includes(uid);
    const gaps = position.gaps.filter((gap) => !skipped.has(gap.uid) && (gap.until > now || there(gap.uid)));
    const setAside = position.setAside.filter((uid) => !skipped.has(uid) && (search.closed === true || !again.includes(uid) || there(uid)));
    this.#advance({ gaps, setAside }, uids, found.uids.length > batch ? undefined : found.below);
    await this.#reacknowledge(
      connection,
      [...skipped].filter(([, why]) => why === 'received').map(([uid]) => uid),
    );
  }

  /** What need not be fetched: received before, or history from before `since`. */
  async #skipped(
    connection: ImapConnection,
    uidValidity: string,
    uids: readonly number[],
    since: Instant | undefined,
  ): Promise<Map<number, 'received' | 'history'>> {
    const skipped = new Map<number, 'received' | 'history'>();
    for (const uid of await this.#received(connection, uidValidity, uids)) skipped.set(uid, 'received');
    if (since === undefined || uids.length === 0) return skipped;
    const described = await describeMessages(connection, uids, this.#setup.signal);
    for (const uid of uids) {
      const date = internalDateOf(described.get(uid));
      if (!skipped.has(uid) && date !== undefined && date < since) skipped.set(uid, 'history');
    }
    return skipped;
  }

  /** Moves on over what needs nothing, and notes which UIDs were passed over. */
  #advance(still: Pick<FolderPosition, 'gaps' | 'setAside'>, uids: readonly number[], below: number | undefined): void {
    const position = this.#known();
    const first = this.#pending.find((message) => message.uid >= position.next)?.uid;
    const next = Math.max(position.next, first ?? below ?? (uids.at(-1) ?? 0) + 1);
    const until = this.#setup.support.clock.now() + gapGraceMs;
    const passed = missingUids(uids, Math.max(position.next, position.settleBelow)).map((uid) => ({ uid, until }));
    const same =
      next === position.next &&
      passed.length === 0 &&
      still.gaps.length === position.gaps.length &&
      still.setAside.length === position.setAside.length;
    if (!same) this.#section.change({ ...position, next, gaps: bounded([...still.gaps, ...passed]), setAside: still.setAside });
  }

  async #reacknowledge(connection: ImapConnection, uids: readonly number[]): Promise<void> {
    for (const uid of uids) await this.acknowledge(connection, uid);
  }

  /** What a crash or a lost connection left undone at the server (F-24). */
  async #repeatAcknowledgements(connection: ImapConnection): Promise<void> {
    await this.#reacknowledge(connection, this.#known().unacknowledged);
  }

  /** What is lined up belongs to a connection and a UIDVALIDITY. */
  #forget(): void {
    this.#pending = [];
    this.#connection = undefined;
  }

  #known(): FolderPosition {
    const position = this.#section.position;
    if (position === undefined) throw new Error(`imap: ${this.path} has no position yet`);
    return position;
  }
}

/** History has an end and, unless all is wanted, a beginning; what comes after it has neither. */
function searchOf(position: FolderPosition, open: OpenFolder, also: readonly number[]): UidSearch {
  const { next, settleBelow, since } = position;
  if (next >= settleBelow) return { from: next, uidNext: open.uidNext, also };
  return { from: next, uidNext: settleBelow, closed: true, also: [], ...(since === undefined ? {} : { since }) };
}
