// The receiving side of a spooler, for tests of providers: it keeps references, aliases, bytes and the provider's
// position in one memory that outlives sessions, and can fall over right before or right after a commit.
import {
  MailspoolError,
  type InboundMessage,
  type MessageProperties,
  type ProfileSection,
  type RecipientInput,
  type SpoolerSupport,
  type TransportSession,
  type Wanted,
} from 'mailspool/provider';
import { testSupport, type SupportOptions, type TestSupport } from './support.ts';

export interface SavedMessage {
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly bytes: Buffer;
  readonly announced: boolean;
  readonly properties: MessageProperties;
}

/** Thrown in place of the end of the process. */
export class Crash extends Error {}

/** What is on disk, in memory: hand it to the next session to see what survives. */
export class Spool {
  readonly saved: SavedMessage[] = [];
  readonly names = new Set<string>();
  readonly sections = new Map<string, { version: number; values: ProfileSection['values'] }>();
  /** Falls over at the next commit, once. */
  crash: 'beforeSave' | 'afterSave' | undefined;
  /** How many messages were answered with `alreadyReceived`. */
  known = 0;
  /** Bytes are counted instead of kept. */
  keepBytes = true;
  #changed: (() => void)[] = [];

  /** A session's support; it shares this memory. */
  support(options: SupportOptions = {}): TestSupport {
    const base = testSupport({ ...options, received: async (names) => new Set(names.filter((name) => this.names.has(name))) });
    return Object.assign(base, {
      openProfileSection: async (name: string, access: 'read' | 'write') => this.#open(name, access),
      spoolerNotify: (one: (typeof base.news)[number]) => {
        base.news.push(one);
        this.stir();
      },
      updateStatus: (columns: object) => {
        Object.assign(base.columns, columns);
        this.stir();
      },
    } satisfies Partial<SpoolerSupport>);
  }

  /** Tells whoever waits in `until` that something has changed. */
  stir(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  newMessage(): InboundMessage {
    return new OpenMessage(this);
  }

  /** One round: startMessage until it neither saves nor meets a known reference (M-081). */
  async round(session: TransportSession, signal: AbortSignal = new AbortController().signal): Promise<number> {
    for (let done = 0; ; done++) {
      const message = new OpenMessage(this);
      await session.startMessage?.(message, signal);
      if (message.result === 'nothing') return done;
    }
  }

  /** Rounds whenever the session asks for one, until `stop`. Errors of a round are kept; the next one comes when asked for. */
  serve(session: TransportSession, support: TestSupport): { stop(): Promise<void>; readonly errors: unknown[] } {
    const errors: unknown[] = [];
    let running = true;
    const loop = async (): Promise<void> => {
      for (let seen = 0; running;) {
        await this.until(() => !running || support.news.filter((news) => news.type === 'newMail').length > seen);
        seen = support.news.filter((news) => news.type === 'newMail').length;
        if (running) await this.round(session).catch((error: unknown) => errors.push(error));
      }
    };
    const done = loop();
    const stop = async (): Promise<void> => {
      running = false;
      this.stir();
      await done;
    };
    return { stop, errors };
  }

  commit(message: SavedMessage, section: Pick<ProfileSection, 'key' | 'values'> | undefined): 'saved' | 'alreadyReceived' {
    const { crash } = this;
    this.crash = undefined;
    if (crash === 'beforeSave') throw new Crash('before the commit');
    const names = [message.reference, ...message.aliases];
    const known = names.some((name) => this.names.has(name));
    if (!known) {
      for (const name of names) this.names.add(name);
      this.saved.push(message);
      if (section !== undefined)
        this.sections.set(section.key, { version: (this.sections.get(section.key)?.version ?? 0) + 1, values: structuredClone(section.values) });
    }
    this.stir();
    if (crash === 'afterSave') throw new Crash('after the commit');
    return known ? 'alreadyReceived' : 'saved';
  }

  #open(name: string, access: 'read' | 'write'): ProfileSection {
    const key = `provider/test/${name}`;
    const stored = this.sections.get(key);
    if (stored === undefined && access === 'read') throw new MailspoolError('ENOTFOUND', `there is no section ${name}`);
    const version = stored?.version ?? 0;
    const save = async (values: ProfileSection['values']): Promise<void> => {
      if ((this.sections.get(key)?.version ?? 0) !== version) throw new MailspoolError('ECONFLICT', `section ${name} was changed`);
      this.sections.set(key, { version: version + 1, values: structuredClone(values) });
    };
    return { key, version, values: structuredClone(stored?.values ?? {}), save };
  }
}

class OpenMessage implements InboundMessage {
  reference = '1';
  readonly wanted: Wanted = {};
  result: 'saved' | 'known' | 'nothing' = 'nothing';
  readonly #spool: Spool;
  #aliases: readonly string[] = [];
  #bytes = Buffer.alloc(0);
  #properties: MessageProperties = {};

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  async setReference(reference: string, aliases: readonly string[] = []): Promise<'new' | 'alreadyReceived'> {
    this.reference = reference;
    this.#aliases = aliases;
    if (![reference, ...aliases].some((name) => this.#spool.names.has(name))) return 'new';
    this.result = 'known';
    this.#spool.known++;
    return 'alreadyReceived';
  }

  async setContent(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of source instanceof Uint8Array ? [source] : source) if (this.#spool.keepBytes) pieces.push(piece);
    this.#bytes = Buffer.concat(pieces);
  }

  setProperties(properties: MessageProperties): void {
    this.#properties = { ...this.#properties, ...properties };
  }

  setRecipients(_recipients: readonly RecipientInput[]): void {}

  async saveChanges(options: { announce?: boolean; section?: Pick<ProfileSection, 'key' | 'values'> } = {}): Promise<'saved' | 'alreadyReceived'> {
    const message = {
      reference: this.reference,
      aliases: this.#aliases,
      bytes: this.#bytes,
      announced: options.announce ?? true,
      properties: this.#properties,
    };
    const answer = this.#spool.commit(message, options.section);
    this.result = answer === 'saved' ? 'saved' : 'known';
    return answer;
  }
}
