// A provider that does everything right, in small steps, so that a wrong one differs in one of them.
import {
  TransportError,
  withDeadline,
  type Credentials,
  type EntryId,
  type FlushRequest,
  type InboundMessage,
  type LogonOptions,
  type Mark,
  type OptionDeclaration,
  type OutboundMessage,
  type Preprocessor,
  type Recipient,
  type RecipientInput,
  type RecipientOutcome,
  type SessionLimits,
  type SpoolerSupport,
  type StatusFlag,
  type StatusRecipient,
  type SubmitResult,
  type TransportEvent,
  type TransportProvider,
  type TransportSession,
  type Wanted,
} from 'mailspool/provider';
import type { ProviderCapabilities, ProviderFactory } from 'mailspool/testing';
import { LineError, Office, Refused, type Line } from './office.ts';

export const modelCapabilities: ProviderCapabilities = {
  send: true,
  receive: true,
  notify: true,
  verify: true,
  remoteAccess: true,
  delivered: true,
  refuse: true,
  breakOff: true,
  loseReply: true,
  stall: true,
  goDown: true,
  connections: true,
  refuseCredentials: true,
  expireToken: true,
  arrive: true,
  waiting: true,
  breakReception: true,
  dropConnections: true,
  hold: true,
  report: true,
  password: true,
};

const deadlineMs = 60_000;

export type SessionClass = new (office: Office, support: SpoolerSupport, options: LogonOptions) => ModelSession;

export class ModelSession implements TransportSession {
  readonly addressTypes: TransportSession['addressTypes'] = ['SMTP'];
  readonly reception: NonNullable<TransportSession['reception']> = 'notify';
  readonly limits: SessionLimits = { outbound: 3, inbound: 2, submitTimeoutMs: deadlineMs };
  readonly office: Office;
  readonly support: SpoolerSupport;
  readonly ended = new AbortController();
  readonly remoteAccess: boolean = true;
  readonly resolveRecipients: boolean = true;
  readonly options: readonly OptionDeclaration[] = [{ addressType: 'SMTP', name: 'stamp', on: 'message', default: 'red' }];
  /** Being received now. */
  readonly taken = new Set<number>();
  /** Of these the headers are known. */
  readonly listed = new Set<number>();
  /** Handed over while the session was to keep back what it is handed. */
  readonly kept = new Set<EntryId>();
  flags: { readonly [flag in StatusFlag]?: boolean } = { available: true };
  #handOvers = 0;
  readonly #listener = { news: () => this.news(), broken: () => this.broken() };

  constructor(office: Office, support: SpoolerSupport, _options: LogonOptions) {
    this.office = office;
    this.support = support;
  }

  async begin(): Promise<void> {
    this.support.registerPreprocessor(this.preprocessor());
    this.support.updateStatus({ displayName: 'model', gate: null, flags: this.flags });
  }

  preprocessor(): Preprocessor {
    return { name: 'model', match: { type: 'SMTP' }, preprocess: async () => undefined, cleanup: async () => undefined };
  }

  destination({ address }: Recipient): string {
    return address.split('@').at(-1) ?? '';
  }

  // Sending

  async submitMessage(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> {
    const state = { dotted: false };
    message.reference = this.newReference();
    if (this.office.held && !message.deferred) return this.keepBack(message);
    try {
      return await this.bounded(signal, async (stop) => await this.withLine(stop, (line) => this.transfer(line, message, stop, state)));
    } catch (error) {
      throw this.explained(error, state.dotted);
    }
  }

  async transfer(line: Line, message: OutboundMessage, signal: AbortSignal, state: { dotted: boolean }): Promise<SubmitResult> {
    const bytes = await this.contentOf(message);
    const recipients = this.recipientsOf(message);
    const replies = await line.envelope(recipients, signal);
    const refused = recipients.flatMap(({ id }, index) => this.refusal(id, replies[index] ?? 'ok'));
    const wanted = recipients.filter((_, index) => replies[index] === 'ok');
    if (refused.length > 0) await message.saveChanges(refused);
    if (wanted.length === 0) return refused;
    await this.yields();
    await line.send(signal);
    await this.handOver(line, message, bytes, wanted, signal, state);
    this.office.onNews = (address, what) => this.tell(message, address, what);
    return [...refused, ...wanted.map(({ id }) => ({ recipient: id, outcome: 'accepted' as const }))];
  }

  async contentOf(message: OutboundMessage): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of message.content.stream()) {
      pieces.push(piece as Uint8Array);
      await this.yields();
    }
    return Buffer.concat(pieces);
  }

  newReference(): string {
    return `hand-over ${++this.#handOvers}`;
  }

  /** Until the office lets it go. */
  keepBack({ id }: OutboundMessage): SubmitResult {
    this.kept.add(id);
    void this.office.held?.over.then(() => this.askFor(id));
    return { outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'it is kept back' } };
  }

  askFor(entryId: EntryId): void {
    if (this.kept.delete(entryId)) this.support.spoolerNotify({ type: 'sentDeferred', entryId });
  }

  recipientsOf(message: OutboundMessage): readonly Recipient[] {
    return message.recipients;
  }

  refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
    const diagnostic = { code: 'EENVELOPE', text: 'the office takes no mail for this address' };
    return reply === 'ok' ? [] : [{ recipient, outcome: reply === 'forGood' ? 'rejected' : 'notSent', diagnostic }];
  }

  async yields(): Promise<void> {
    if ((await this.support.yield()) === 'cancelled') throw new TransportError('EUSERCANCEL', 'the user cancelled', { outcome: 'notSent' });
  }

  async handOver(
    line: Line,
    message: OutboundMessage,
    bytes: Uint8Array,
    recipients: readonly Recipient[],
    signal: AbortSignal,
    state: { dotted: boolean },
  ): Promise<void> {
    await message.handingOver();
    signal.throwIfAborted();
    state.dotted = true;
    await line.dot(message.id, bytes, recipients, signal);
  }

  async endMessage(_reference: string, _signal: AbortSignal): Promise<'sent' | 'hold'> {
    return this.office.held ? 'hold' : 'sent';
  }

  /** What the office says of a recipient later. */
  tell({ id, recipients }: OutboundMessage, address: string, what: 'delivered' | 'failed'): void {
    const { id: recipient } = recipients.find((one) => one.address === address) ?? { id: 0 };
    const at = this.support.clock.now();
    const row: StatusRecipient =
      what === 'delivered' ? { recipient, status: what, at } : { recipient, status: what, diagnostic: { code: 'EENVELOPE', text: 'it came back' } };
    this.pass(id, row).catch(() => undefined);
  }

  async pass(entryId: EntryId, row: StatusRecipient): Promise<void> {
    await this.support.statusRecipients({ entryId }, [row]);
  }

  async verifyMessage(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> {
    const knows = await this.bounded(signal, async (stop) => await this.withLine(stop, (line) => line.knows(message.id, stop)));
    return knows ? { outcome: 'accepted' } : { outcome: 'notSent', diagnostic: { code: 'ECONNECTION', text: 'it never came' } };
  }

  // Receiving

  async poll(signal: AbortSignal): Promise<boolean> {
    try {
      const uids = await this.bounded(signal, async (stop) => await this.withLine(stop, (line) => line.list(stop)));
      return this.pick(uids) !== undefined;
    } catch (error) {
      throw this.explained(error, false);
    }
  }

  async startMessage(message: InboundMessage, signal: AbortSignal): Promise<void> {
    await this.bounded(signal, async (stop) => await this.withLine(stop, (line) => this.receiveNext(line, message, stop)));
  }

  async receiveNext(line: Line, message: InboundMessage, signal: AbortSignal): Promise<void> {
    const { reference, mark } = message.wanted;
    if (reference !== undefined && mark !== undefined) return this.marked(line, message, { uid: this.uidOf(reference), mark }, signal);
    const uid = this.pick(await line.list(signal));
    if (uid === undefined) return this.nothing(message);
    this.taken.add(uid);
    try {
      await this.receive(line, uid, message, signal);
    } finally {
      this.taken.delete(uid);
    }
  }

  pick(uids: readonly number[]): number | undefined {
    return uids.find((uid) => !this.taken.has(uid) && !this.listed.has(uid));
  }

  async nothing(_message: InboundMessage): Promise<void> {}

  referenceOf(uid: number): string {
    return `uid-${uid}`;
  }

  uidOf(reference: string): number {
    return Number(reference.slice('uid-'.length));
  }

  async receive(line: Line, uid: number, message: InboundMessage, signal: AbortSignal): Promise<void> {
    const known = await message.setReference(this.referenceOf(uid));
    if (known === 'headersOnly') return void this.listed.add(uid);
    if (known === 'new') {
      const bytes = await line.fetch(uid, signal);
      if (this.isTooMuch(bytes, message.wanted)) return this.list(uid, bytes, message, line, signal);
      await this.save(bytes, message);
    }
    await this.acknowledge(line, uid, signal);
  }

  async save(bytes: Uint8Array, message: InboundMessage): Promise<void> {
    await message.setContent(bytes);
    message.setRecipients(this.namedIn(bytes));
    await message.saveChanges();
  }

  namedIn(_bytes: Uint8Array): RecipientInput[] {
    return [{ type: 'SMTP', address: 'ann@example.org' }];
  }

  // Headers first

  isTooMuch({ length }: Uint8Array, { headersOnly = false, maxSizeBytes = Number.POSITIVE_INFINITY }: Wanted): boolean {
    return headersOnly || length > maxSizeBytes;
  }

  async list(uid: number, bytes: Uint8Array, message: InboundMessage, _line: Line, _signal: AbortSignal): Promise<void> {
    await message.setContent(bytes.subarray(0, Buffer.from(bytes).indexOf('\r\n\r\n') + 4));
    await message.saveChanges({ headersOnly: true, sizeBytes: bytes.length });
    this.listed.add(uid);
  }

  async marked(line: Line, message: InboundMessage, { uid, mark }: { uid: number; mark: Mark }, signal: AbortSignal): Promise<void> {
    if (mark !== 'delete' && (await message.setReference(this.referenceOf(uid))) !== 'alreadyReceived') {
      const bytes = await line.fetch(uid, signal);
      if (bytes.length === 0) throw new TransportError('ENOTFOUND', 'the office has it no more');
      await this.save(bytes, message);
    }
    await this.markDone(line, uid, mark, signal);
  }

  async markDone(line: Line, uid: number, _mark: Mark, signal: AbortSignal): Promise<void> {
    await this.acknowledge(line, uid, signal);
  }

  async acknowledge(line: Line, uid: number, signal: AbortSignal): Promise<void> {
    await line.remove(uid, signal);
  }

  // News

  async transportNotify(event: TransportEvent): Promise<void> {
    if (event.type === 'abortDeferred') return void this.kept.delete(event.entryId);
    this.show(event.type, event.on);
    if (event.type !== 'inbound') return;
    if (event.on) this.open();
    else this.close();
  }

  show(type: Exclude<TransportEvent['type'], 'abortDeferred'>, on: boolean): void {
    const flag = type === 'inbound' || type === 'outbound' ? (`${type}Enabled` as const) : type;
    this.flags = { ...this.flags, [flag]: on };
    this.support.updateStatus({ flags: this.flags }, { merge: true });
  }

  close(): void {
    this.office.listeners.delete(this.#listener);
  }

  open(): void {
    try {
      this.office.listen(this.#listener);
      if (this.office.mailbox.length > 0) this.news();
    } catch {
      this.broken();
    }
  }

  broken(): void {
    this.listenAgain().catch(() => undefined);
  }

  news(): void {
    this.support.spoolerNotify({ type: 'newMail' });
  }

  async listenAgain(): Promise<void> {
    await this.support.clock.sleep(1_000, this.ended.signal);
    this.open();
  }

  async idle(_signal: AbortSignal): Promise<void> {}
  async flush(_request: FlushRequest): Promise<void> {}

  async changePassword(old: string, fresh: string): Promise<void> {
    if (old !== this.office.password) throw new TransportError('ENOACCESS', 'that is not the password');
    this.office.password = fresh;
  }

  async logoff(): Promise<void> {
    this.ended.abort(new TransportError('ECONNECTION', 'logged off', { outcome: 'notSent' }));
    this.office.listeners.delete(this.#listener);
  }

  // Lines

  /** Ends with the call's signal, with the session, and by the clock. */
  async bounded<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const done = new AbortController();
    for (const one of [signal, this.ended.signal, this.support.signal]) {
      if (one.aborted) stop.abort(one.reason);
      one.addEventListener('abort', () => stop.abort(one.reason), { once: true, signal: done.signal });
    }
    try {
      return await withDeadline(this.support.clock, deadlineMs - 1_000, 'the office', stop.signal, run);
    } finally {
      done.abort();
    }
  }

  async withLine<T>(signal: AbortSignal, use: (line: Line) => Promise<T>): Promise<T> {
    using _place = await this.place(signal);
    const line = await this.connect(signal);
    try {
      return await use(line);
    } finally {
      this.hangUp(line);
    }
  }

  async place(signal: AbortSignal): Promise<Disposable> {
    return this.support.account.connection(signal);
  }

  hangUp(line: Line): void {
    line.close();
  }

  async connect(signal: AbortSignal): Promise<Line> {
    const credentials = await this.support.account.credentials(signal);
    try {
      return this.office.connect(credentials);
    } catch (error) {
      if (!(error instanceof Refused)) throw this.unreachable(error);
      return this.connectAfresh(credentials, signal);
    }
  }

  async connectAfresh(stale: Credentials, signal: AbortSignal): Promise<Line> {
    try {
      return this.office.connect(await this.support.account.credentials(signal, stale));
    } catch (error) {
      throw error instanceof Refused ? this.unauthorised(stale, error) : this.unreachable(error);
    }
  }

  unauthorised(_stale: Credentials, cause: unknown): TransportError {
    const gate = { reason: 'authRequired', until: this.support.clock.now() + 300_000 } as const;
    return new TransportError('EAUTH', 'the office refuses the token', { outcome: 'notSent', gate, cause });
  }

  unreachable(cause: unknown): TransportError {
    const gate = { reason: 'unreachable', until: this.support.clock.now() + 10_000 } as const;
    return new TransportError('ECONNECTION', 'the office cannot be reached', { outcome: 'notSent', gate, cause });
  }

  /** After the last word nobody knows, unless the office answered. */
  explained(error: unknown, dotted: boolean): unknown {
    if (error instanceof TransportError) return error;
    const { code = error instanceof LineError ? 'ECONNECTION' : 'ECANCEL', message } = error as Error & { code?: string };
    return new TransportError(code, message, { outcome: dotted ? 'unknown' : 'notSent', cause: error });
  }
}

export interface ModelProvider extends Partial<Pick<TransportProvider, 'name' | 'contract'>> {
  readonly Session?: SessionClass;
  logon?(office: Office, support: SpoolerSupport, options: LogonOptions): Promise<TransportSession>;
}

/** The model, or a provider that differs from it. */
export const modelFactory =
  ({ Session = ModelSession, logon, ...rest }: ModelProvider = {}): ProviderFactory =>
  () => {
    const office = new Office();
    let known = office.token;
    let fresh = office.token;
    return {
      provider: () => ({
        name: 'model',
        ...rest,
        logon: async (support, options) => {
          if (logon) return logon(office, support, options);
          const session = new Session(office, support, options);
          await session.begin();
          return session;
        },
      }),
      secrets: ['the first token', 'the second token'],
      credentials: (stale) => {
        if (stale) known = fresh;
        return { user: 'ann', accessToken: known };
      },
      delivered: () => office.delivered,
      refuse: ({ address }, how) => void office.refused.set(address, how),
      breakOff: () => void (office.next = 'breakOff'),
      loseReply: () => void (office.next = 'loseReply'),
      breakReception: () => void (office.next = 'breakReception'),
      stall: () => office.stall(),
      goDown: async () => {
        office.down = true;
        office.dropConnections();
        return async () => void (office.down = false);
      },
      connections: () => office.lines.size,
      dropConnections: () => office.dropConnections(),
      refuseCredentials: () => void (office.token = 'nobody has this one'),
      expireToken: () => void (office.token = fresh = 'the second token'),
      arrive: (bytes) => office.arrive(bytes),
      waiting: () => office.mailbox.length,
      hold: () => office.hold(),
      report: ({ address }, what) => office.onNews?.(address, what),
      password: () => office.password,
    };
  };
