// The receiving side of a spooler, for tests of providers: it keeps references, aliases, bytes and the provider's
// position in one memory that outlives sessions, and can fall over right before or right after a commit.
import { MailspoolError } from '../../errors.ts';
import type { MessageProperties } from '../../message/message.ts';
import type { RecipientInput } from '../../message/recipient.ts';
import type { ProfileSection, SpoolerSupport } from '../../provider/spooler-support.ts';
import type { InboundMessage, Remote, TransportSession, Wanted } from '../../provider/transport-session.ts';
import { testSupport, type SupportOptions, type TestSupport } from './support.ts';

/** A message as it was committed. */
export interface SavedMessage {
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly bytes: Buffer;
  readonly announced: boolean;
  /** The headers are all there is of it yet (M-110). */
  readonly headersOnly: boolean;
  /** What the whole message has, as far as the provider said. */
  readonly sizeBytes?: number;
  readonly properties: MessageProperties;
  /** Those that the provider named. */
  readonly recipients?: readonly RecipientInput[];
}

/** Thrown in place of the end of the process. */
export class Crash extends Error {}

/** How a test takes part in one turn of `startMessage`. Each may wait, or throw what the call then throws. */
export interface TurnWatch {
  /** What the spooler wants of the message (M-110). Default: all of it. */
  readonly wanted?: Wanted & Partial<Remote>;
  beforeReference?(reference: string): void | Promise<void>;
  beforeContent?(): void | Promise<void>;
  beforeSave?(): void | Promise<void>;
  afterSave?(): void | Promise<void>;
}

/** What became of one turn. */
export interface Turn {
  /** `known`: it met a reference that was received before. */
  readonly result: 'saved' | 'known' | 'nothing';
  /** The calls on the message, in order. */
  readonly calls: readonly string[];
  /** Calls after `startMessage` had settled; they were refused with EINVALIDOBJECT (M-082). */
  readonly lateCalls: readonly string[];
}

/** What is on disk, in memory: hand it to the next session to see what survives. */
export class Spool {
  /** What was received, in order. */
  readonly saved: SavedMessage[] = [];
  /** All references and aliases of it. */
  readonly names = new Set<string>();
  /** Profile sections by key. */
  readonly sections = new Map<string, { version: number; values: ProfileSection['values'] }>();
  /** Falls over at the next commit, once. */
  crash: 'beforeSave' | 'afterSave' | undefined;
  /** How many messages were answered with `alreadyReceived`. */
  known = 0;
  /** How many with `headersOnly`. */
  knownHeaders = 0;
  /** Bytes are counted instead of kept. */
  keepBytes = true;
  #changed: (() => void)[] = [];

  /** A session's support; it shares this memory. */
  support(options: SupportOptions = {}): TestSupport {
    const base = testSupport({
      ...options,
      received: async (names) => new Set(names.filter((name) => this.names.has(name) && !this.isHeadersOnly([name]))),
    });
    const { updateStatus } = base;
    return Object.assign(base, {
      openProfileSection: async (name: string, access: 'read' | 'write') => this.#open(name, access),
      spoolerNotify: (one: (typeof base.news)[number]) => {
        base.news.push(one);
        this.stir();
      },
      updateStatus: (...status: Parameters<SpoolerSupport['updateStatus']>) => {
        updateStatus(...status);
        this.stir();
      },
    } satisfies Partial<SpoolerSupport>);
  }

  /** Tells whoever waits in `until` that something has changed. */
  stir(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  /** Waits for a change that makes it true. */
  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  /** A message for one call of `startMessage`. */
  newMessage(): InboundMessage {
    return new OpenMessage(this);
  }

  /** One call of `startMessage`; what it rejects with, this rejects with. `turn` is there before it ends. */
  async turn(session: TransportSession, signal: AbortSignal = new AbortController().signal, watch: TurnWatch = {}): Promise<Turn> {
    const message = new OpenMessage(this, watch);
    try {
      await session.startMessage?.(message, signal);
      return message;
    } finally {
      message.revoke();
    }
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

  /** Whether the first of these names that is known stands for headers alone. */
  isHeadersOnly(names: readonly string[]): boolean {
    const first = names.find((name) => this.names.has(name));
    return this.saved.some((one) => one.headersOnly && (one.reference === first || one.aliases.includes(first ?? '')));
  }

  /** What `saveChanges` does. */
  commit(message: SavedMessage, section: Pick<ProfileSection, 'key' | 'values'> | undefined): 'saved' | 'alreadyReceived' {
    const { crash } = this;
    this.crash = undefined;
    if (crash === 'beforeSave') throw new Crash('before the commit');
    const names = [message.reference, ...message.aliases];
    const completes = !message.headersOnly && this.isHeadersOnly(names);
    const known = !completes && names.some((name) => this.names.has(name));
    if (!known) {
      const at = completes ? this.saved.findIndex((one) => one.reference === message.reference) : -1;
      this.saved.splice(at < 0 ? this.saved.length : at, at < 0 ? 0 : 1, message);
      for (const name of names) this.names.add(name);
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

class OpenMessage implements InboundMessage, Turn {
  reference = '1';
  readonly wanted: Wanted & Partial<Remote>;
  result: Turn['result'] = 'nothing';
  readonly calls: string[] = [];
  readonly lateCalls: string[] = [];
  readonly #spool: Spool;
  readonly #watch: TurnWatch;
  #revoked = false;
  #aliases: readonly string[] = [];
  #bytes: Buffer | undefined;
  #properties: MessageProperties = {};
  #recipients: readonly RecipientInput[] = [];

  constructor(spool: Spool, watch: TurnWatch = {}) {
    this.#spool = spool;
    this.#watch = watch;
    this.wanted = watch.wanted ?? {};
  }

  async setReference(reference: string, aliases: readonly string[] = []): Promise<'new' | 'headersOnly' | 'alreadyReceived'> {
    this.#note('setReference');
    await this.#watch.beforeReference?.(reference);
    this.reference = reference;
    this.#aliases = aliases;
    const names = [reference, ...aliases];
    if (!names.some((name) => this.#spool.names.has(name))) return 'new';
    this.result = 'known';
    if (this.#spool.isHeadersOnly(names)) {
      this.#spool.knownHeaders++;
      return 'headersOnly';
    }
    this.#spool.known++;
    return 'alreadyReceived';
  }

  async setContent(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    this.#note('setContent');
    await this.#watch.beforeContent?.();
    const pieces: Uint8Array[] = [];
    for await (const piece of source instanceof Uint8Array ? [source] : source) if (this.#spool.keepBytes) pieces.push(piece);
    this.#bytes = Buffer.concat(pieces);
  }

  setProperties(properties: MessageProperties): void {
    this.#note('setProperties');
    this.#properties = { ...this.#properties, ...properties };
  }

  setRecipients(recipients: readonly RecipientInput[]): void {
    this.#note('setRecipients');
    this.#recipients = [...recipients];
  }

  async saveChanges(options: Parameters<InboundMessage['saveChanges']>[0] = {}): Promise<'saved' | 'alreadyReceived'> {
    this.#note('saveChanges');
    if (!this.calls.includes('setReference')) throw new MailspoolError('EINVALID', 'call setReference before saveChanges', { field: 'reference' });
    if (!this.#bytes) throw new MailspoolError('EINVALID', 'call setContent before saveChanges', { field: 'content' });
    await this.#watch.beforeSave?.();
    const message = {
      reference: this.reference,
      aliases: this.#aliases,
      bytes: this.#bytes,
      announced: options.announce ?? true,
      headersOnly: options.headersOnly ?? false,
      ...(options.sizeBytes !== undefined && { sizeBytes: options.sizeBytes }),
      properties: this.#properties,
      recipients: this.#recipients,
    };
    const answer = this.#spool.commit(message, options.section);
    this.result = answer === 'saved' ? 'saved' : 'known';
    await this.#watch.afterSave?.();
    return answer;
  }

  /** The call is over (M-082). */
  revoke(): void {
    this.#revoked = true;
  }

  #note(call: string): void {
    (this.#revoked ? this.lateCalls : this.calls).push(call);
    if (this.#revoked) throw new MailspoolError('EINVALIDOBJECT', 'the call that this message was for has ended');
  }
}
