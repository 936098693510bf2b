// What a session is handed at logon. Once it is logged off every call is void or throws EINVALIDOBJECT.
import { MailspoolError } from '../errors.ts';
import type { SessionKey } from '../message/recipient.ts';
import type { Postprocessor, Preprocessor } from '../provider/processors.ts';
import type { Logger, MessageLookup, ProfileSection, SpoolerNotification, SpoolerSupport, StatusRecipient } from '../provider/spooler-support.ts';
import type { StatusColumns } from '../provider/status.ts';
import type { MessageStore, Section } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { nextTurn } from '../time/turn.ts';
import type { Account } from './account.ts';
import type { Session } from './session.ts';
import { checkedColumns } from './status-columns.ts';

/** Where the calls of a session lead. */
export interface SupportTarget {
  notified(session: Session, news: SpoolerNotification): void;
  statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'>;
  statusUpdated(session: Session, columns: Partial<StatusColumns>, options: { readonly merge?: boolean; readonly row?: string }): void;
  /** Whether the one call that the session has in hand was cancelled. */
  isCancelled(session: Session): boolean;
  preprocessor(session: Session, preprocessor: Preprocessor): void;
  postprocessor(session: Session, postprocessor: Postprocessor): void;
}

interface SupportParts {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly target: SupportTarget;
}

export class SessionSupport implements SpoolerSupport {
  readonly session: SessionKey;
  readonly account: Account;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly #session: Session;
  readonly #store: MessageStore;
  readonly #target: SupportTarget;
  readonly #sections = new Map<string, OpenSection>();

  constructor(session: Session, { store, clock, random, logger, target }: SupportParts, signal: AbortSignal) {
    this.session = session.key;
    this.account = session.account;
    this.logger = logger;
    this.clock = clock;
    this.random = random;
    this.signal = signal;
    this.#session = session;
    this.#store = store;
    this.#target = target;
  }

  spoolerNotify(news: SpoolerNotification): void {
    if (!this.signal.aborted) this.#target.notified(this.#session, news);
  }

  async statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'> {
    this.#check();
    return await this.#target.statusRecipients(message, rows);
  }

  updateStatus(columns: Partial<StatusColumns>, options: { readonly merge?: boolean; readonly row?: string } = {}): void {
    if (!this.signal.aborted) this.#target.statusUpdated(this.#session, checkedColumns(columns), options);
  }

  registerPreprocessor(preprocessor: Preprocessor): void {
    this.#check();
    this.#target.preprocessor(this.#session, preprocessor);
  }

  registerPostprocessor(postprocessor: Postprocessor): void {
    this.#check();
    this.#target.postprocessor(this.#session, postprocessor);
  }

  async received(references: readonly string[]): Promise<ReadonlySet<string>> {
    this.#check();
    const known = await this.#store.received(this.session, references);
    if (known.size === 0) return known;
    // Whoever acknowledges what is received must not take a message away of which only the headers are here (M-110).
    const headers = await this.#store.headersOnly(this.session, [...known]);
    return new Set([...known].filter((reference) => !headers.has(reference)));
  }

  async openProfileSection(name: string, access: 'read' | 'write'): Promise<ProfileSection> {
    this.#check();
    const key = `${sectionPrefix(this.session)}${name}`;
    const [stored] = await this.#store.load([key]);
    if (!stored && access === 'read') throw new MailspoolError('ENOTFOUND', `session ${this.session} has no profile section ${name}`);
    const section = new OpenSection(this.#store, stored ?? { key, version: 0, values: {} }, access);
    this.#sections.set(key, section);
    return section;
  }

  /** A section was written in another commit, together with a received message. */
  sectionSaved(key: string, values: Section['values']): void {
    this.#sections.get(key)?.written(values);
  }

  async yield(): Promise<'continue' | 'cancelled'> {
    await nextTurn();
    return this.signal.aborted || this.#target.isCancelled(this.#session) ? 'cancelled' : 'continue';
  }

  #check(): void {
    if (this.signal.aborted) throw new MailspoolError('EINVALIDOBJECT', `session ${this.session} is logged off`);
  }
}

/** Sections of one session live below this key, out of reach of the others (M-010). */
export const sectionPrefix = (session: SessionKey): string => `session/${session}/`;

class OpenSection implements ProfileSection {
  readonly key: string;
  readonly #store: MessageStore;
  readonly #access: 'read' | 'write';
  version: number;
  values: Section['values'];

  constructor(store: MessageStore, { key, version, values }: Section, access: 'read' | 'write') {
    this.key = key;
    this.version = version;
    this.values = values;
    this.#store = store;
    this.#access = access;
  }

  async save(values: Section['values']): Promise<void> {
    if (this.#access === 'read') throw new MailspoolError('ENOACCESS', `profile section ${this.key} is open for reading`);
    const [saved] = await this.#store.save([{ key: this.key, version: this.version, values }]);
    if (!saved) throw new MailspoolError('ECONFLICT', `profile section ${this.key} was saved by somebody else`);
    this.written(values);
  }

  written(values: Section['values']): void {
    this.version += 1;
    this.values = values;
  }
}
