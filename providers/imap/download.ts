// The bytes of one message, piece by piece: never more than one piece in memory, whatever the message's size. The
// digest is made on the way.
import { createHash, type Hash } from 'node:crypto';
import type { FetchMessageObject } from 'imapflow';
import { TransportError } from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import { isRefusal } from './failures.ts';

/** Why there is no (more) content: expunged or not there yet, or the server said NO. */
export type Unavailable = 'vanished' | 'refused';

export interface DownloadSetup {
  readonly connection: ImapConnection;
  readonly uid: number;
  readonly chunkBytes: number;
  readonly signal: AbortSignal;
}

export class Download {
  /** Set once the server has failed to give out the message; the connection lives. */
  unavailable: Unavailable | undefined;
  readonly #setup: DownloadSetup;
  readonly #hash: Hash = createHash('sha256');
  #complete = false;

  constructor(setup: DownloadSetup) {
    this.#setup = setup;
  }

  /** The first piece with what is known of the message; undefined: `unavailable` says why. */
  async begin(): Promise<FetchMessageObject | undefined> {
    const first = await this.#fetch(0).catch((error: unknown) => this.#give(error));
    if (first !== undefined && hasBytes(first)) return first;
    this.unavailable ??= 'vanished';
    return undefined;
  }

  /** All of it, `first` included. Throws if it cannot be had to its end: half a message is none. */
  async *bytes(first: FetchMessageObject): AsyncGenerator<Uint8Array, void, undefined> {
    const { chunkBytes } = this.#setup;
    let received = 0;
    for (let piece = first.source; piece !== undefined && piece.length > 0;) {
      this.#hash.update(piece);
      received += piece.length;
      yield piece;
      const last = piece.length > chunkBytes || (piece.length < chunkBytes && received >= (first.size ?? 0));
      piece = last ? undefined : await this.#next(received);
    }
    if (received < (first.size ?? 0)) await this.#confirm(received);
    this.#complete = true;
  }

  /** SHA-256 of all bytes, in hexadecimal. */
  digest(): string {
    if (!this.#complete) throw new TransportError('EPROTOCOL', 'IMAP: the message was not read to its end');
    return this.#hash.digest('hex');
  }

  async #next(offset: number): Promise<Buffer | undefined> {
    const more = await this.#fetch(offset).catch((error: unknown) => this.#give(error));
    if (more !== undefined && hasBytes(more)) return more.source;
    throw this.#cut(offset);
  }

  /** Fewer bytes than RFC822.SIZE says: some servers count wrongly, others end a message that way when it is expunged. */
  async #confirm(received: number): Promise<void> {
    const { connection, uid, signal } = this.#setup;
    await connection.command('NOOP', signal, (client) => client.noop());
    const found = await connection.command('UID SEARCH', signal, (client) => client.search({ uid: String(uid) }, { uid: true }));
    if (!(found || []).includes(uid)) throw this.#cut(received);
  }

  #cut(offset: number): TransportError {
    this.unavailable ??= 'vanished';
    return new TransportError('EPROTOCOL', `IMAP UID FETCH ${this.#setup.uid}: the message ended after ${offset} bytes`);
  }

  /** A server may slip in other messages' news of flags; only this message's bytes are meant. */
  async #fetch(start: number): Promise<FetchMessageObject | undefined> {
    const { connection, uid, chunkBytes, signal } = this.#setup;
    const query = { uid: true, source: { start, maxLength: chunkBytes }, ...(start === 0 ? { size: true, internalDate: true } : {}) };
    const answers = await connection.command('UID FETCH', signal, (client) => client.fetchAll(String(uid), query, { uid: true }));
    const mine = answers.filter((message) => message.uid === uid);
    return mine.find(hasBytes) ?? mine[0];
  }

  #give(error: unknown): undefined {
    if (!isOfOneMessage(error)) throw error;
    this.unavailable = 'refused';
  }
}

/** NO or BAD to a FETCH speaks of this message; anything else of the connection. */
export const isOfOneMessage = (error: unknown): boolean => error instanceof TransportError && isRefusal(error) && error.gate === undefined;

/** imapflow shows a body that the server gave as NIL, which Dovecot does for an expunged message, as `false`. */
const hasBytes = (message: FetchMessageObject): boolean => Buffer.isBuffer(message.source);
