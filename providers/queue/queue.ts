// A handle of one queue, or of several to send to.
import { type Clock, type Instant, MailspoolError } from 'mailspool/provider';
import { type Cursor, QueueCursor } from './cursor.ts';
import type { QueueEngine, QueueKey, Seek, Send, StoredMessage } from './engine.ts';
import { parseFormatName } from './format-name.ts';
import type { Lease } from './open-queues.ts';
import { QueueError } from './queue-error.ts';
import { type LookupId, type MessageId, messageOf, type QueuedMessage, recordOf, type SendMessage } from './queued-message.ts';
import type { OpenTransaction, Transaction } from './transaction.ts';

export interface OpenOptions {
  readonly access: 'send' | 'receive' | 'peek';
  /** `denyReceive`: nobody else receives meanwhile. Default `denyNone`. */
  readonly share?: 'denyNone' | 'denyReceive';
}

/** Where a name leads: to a queue of this computer, or to another computer. */
export type Place = { readonly queue: QueueKey; readonly isSystem: boolean } | { readonly host: string };

export interface ReadOptions {
  /** In ms; 0: at once. Default: for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ReceiveOptions extends ReadOptions {
  /** `single`: one of its own, for this message. */
  readonly transaction?: Transaction | 'single';
}

export interface Queue extends AsyncDisposable {
  readonly formatName: string;
  /**
   * Resolves when it is stored here, or waits to go there: later failure shows in acknowledgements and dead letters
   * . With several queues the id is that of the first copy.
   * @throws EINVALID, EMAXSIZE, EQUOTA, ETRANSACTIONSEQUENCE, ENOACCESS where it is open for reading
   */
  send(message: SendMessage, options?: { readonly transaction?: Transaction | 'single' }): Promise<{ readonly id: MessageId | undefined }>;
  /** The first there is, removed. @throws ETIMEDOUT, ECANCEL once it is closed, EQUEUENOTAVAILABLE, ETRANSACTIONUSAGE, ETRANSACTIONSEQUENCE */
  receive(options?: ReceiveOptions): Promise<QueuedMessage>;
  /** The first there is, left where it is. @throws ETIMEDOUT, ECANCEL, EQUEUENOTAVAILABLE */
  peek(options?: ReadOptions): Promise<QueuedMessage>;
  /** @throws ENOTFOUND */
  receiveByLookupId(id: LookupId, seek?: 'current' | 'next' | 'previous', options?: Pick<ReceiveOptions, 'transaction'>): Promise<QueuedMessage>;
  peekByLookupId(id: LookupId, seek?: 'current' | 'next' | 'previous'): Promise<QueuedMessage>;
  cursor(): Cursor;
  /** Removes all; their senders are told. */
  purge(): Promise<void>;
  /** Ends reads that wait. */
  close(): Promise<void>;
}

export interface QueueParts {
  /** As it is printed. */
  readonly formatName: string;
  readonly places: readonly Place[];
  readonly options: OpenOptions;
  readonly lease: Lease;
  readonly engine: QueueEngine;
  readonly clock: Clock;
  readonly sender: string | undefined;
  readonly newTransaction: () => OpenTransaction;
  /** A message was sent that is past its time then. */
  readonly expires: (at: Instant) => void;
}

export class QueueHandle implements Queue {
  readonly formatName: string;
  readonly #parts: QueueParts;
  readonly #closing = new AbortController();

  constructor(parts: QueueParts) {
    this.formatName = parts.formatName;
    this.#parts = parts;
  }

  async send(
    message: SendMessage,
    { transaction }: { readonly transaction?: Transaction | 'single' } = {},
  ): Promise<{ readonly id: MessageId | undefined }> {
    this.#check('send');
    const { engine, clock, places, sender } = this.#parts;
    if (message.adminQueue !== undefined) checkAdminQueue(message.adminQueue);
    const { record, body } = recordOf(message, { destination: this.formatName, transactional: transaction !== undefined, sender, now: clock.now() });
    const sends = places.map((place): Send => ({ to: 'host' in place ? { host: place.host } : { queue: place.queue }, record, body }));
    const id = transaction === 'single' ? undefined : transaction?.id;
    const [first] = await engine.send(sends, id);
    const { reachBefore = Number.POSITIVE_INFINITY, receiveBefore = Number.POSITIVE_INFINITY } = record;
    // Here it has reached its queue.
    const at = places.some((place) => 'host' in place) ? Math.min(reachBefore, receiveBefore) : receiveBefore;
    if (Number.isFinite(at)) this.#parts.expires(at);
    return { id: first };
  }

  async receive({ timeoutMs, signal, transaction }: ReceiveOptions = {}): Promise<QueuedMessage> {
    this.#check('receive');
    return await this.#wait(() => this.#take({ at: 'first' }, transaction), true, { timeoutMs, signal });
  }

  async peek({ timeoutMs, signal }: ReadOptions = {}): Promise<QueuedMessage> {
    this.#check('peek');
    return await this.#wait(() => this.#look({ at: 'first' }), false, { timeoutMs, signal });
  }

  async receiveByLookupId(
    of: LookupId,
    at: 'current' | 'next' | 'previous' = 'current',
    options: Pick<ReceiveOptions, 'transaction'> = {},
  ): Promise<QueuedMessage> {
    this.#check('receive');
    return this.#seen(await this.#take({ at, of }, options.transaction), of);
  }

  async peekByLookupId(of: LookupId, at: 'current' | 'next' | 'previous' = 'current'): Promise<QueuedMessage> {
    this.#check('peek');
    return this.#seen(await this.#look({ at, of }), of);
  }

  cursor(): Cursor {
    this.#check('peek');
    const wait = async (attempt: () => Promise<StoredMessage | undefined>, takes: boolean, options: ReadOptions) =>
      await this.#wait(attempt, takes, options);
    return new QueueCursor({ look: (seek) => this.#look(seek), take: (seek, transaction) => this.#take(seek, transaction), wait });
  }

  async purge(): Promise<void> {
    this.#check('receive');
    await this.#parts.engine.purge(this.#local());
  }

  close(): Promise<void> {
    this.#closing.abort(new QueueError('ECANCEL', `the handle of ${this.formatName} was closed`));
    this.#parts.lease.release();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #take(seek: Seek, transaction: Transaction | 'single' | undefined): Promise<StoredMessage | undefined> {
    const { engine, newTransaction } = this.#parts;
    if (transaction !== 'single') return (await engine.receive(this.#local(), seek, 1, transaction?.id))[0];
    const own = newTransaction();
    await engine.begin(own.id);
    const [message] = await engine.receive(this.#local(), seek, 1, own.id);
    await own.end(message ? 'commit' : 'abort');
    return message;
  }

  async #look(seek: Seek): Promise<StoredMessage | undefined> {
    return await this.#parts.engine.peek(this.#local(), seek);
  }

  async #wait(
    attempt: () => Promise<StoredMessage | undefined>,
    takes: boolean,
    { timeoutMs, signal }: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<QueuedMessage> {
    const { lease } = this.#parts;
    const signals = [...(signal ? [signal] : []), this.#closing.signal, lease.lost];
    return this.#visible(await lease.line.wait({ attempt, takes, timeoutMs, signals }));
  }

  #seen(message: StoredMessage | undefined, of: LookupId): QueuedMessage {
    if (!message) throw new QueueError('ENOTFOUND', `there is no such message at lookup id ${of}`, { field: 'lookupId' });
    return this.#visible(message);
  }

  #visible({ record, body, lookupId }: StoredMessage): QueuedMessage {
    return messageOf(record, body, lookupId, this.#parts.clock.now());
  }

  #local(): QueueKey {
    const [place] = this.#parts.places;
    if (!place || 'host' in place) throw new QueueError('ENOSUPPORT', `${this.formatName} is on another computer`);
    return place.queue;
  }

  #check(what: 'send' | 'receive' | 'peek'): void {
    const { access } = this.#parts.options;
    this.#closing.signal.throwIfAborted();
    this.#parts.lease.lost.throwIfAborted();
    // Whoever may receive may look, too.
    if (access !== what && !(access === 'receive' && what === 'peek'))
      throw new QueueError('ENOACCESS', `${this.formatName} is open for ${access}, not for ${what}`, { field: 'access' });
  }
}

/** One queue; that it is not transactional shows when the acknowledgement comes there. @throws EINVALID */
function checkAdminQueue(name: string): void {
  const format = adminFormat(name);
  if (format?.kind !== 'direct' || format.journal || format.path.kind === 'system')
    throw new QueueError('EINVALID', `adminQueue must name one queue by a direct name, not ${name}`, { field: 'adminQueue' });
}

function adminFormat(name: string): ReturnType<typeof parseFormatName> | undefined {
  try {
    return parseFormatName(name);
  } catch (error) {
    if (error instanceof MailspoolError) return undefined;
    throw error;
  }
}
