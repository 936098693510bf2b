// Receives messages one at a time: fetch, save with the position in the same commit, then tell the server. A crash
// anywhere between loses nothing and hands nothing over twice (T-052, F-24).
import type { FetchMessageObject } from 'imapflow';
import { abortable, TransportError, type InboundMessage, type Mark, type SpoolerSupport } from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import { Download, isOfOneMessage, type Unavailable } from './download.ts';
import { isMissing, isRefusal, toTransportError } from './failures.ts';
import { Folder, type PendingMessage } from './folder.ts';
import type { ImapLink } from './link.ts';
import { serveMark } from './marked.ts';
import type { Settings } from './options.ts';
import { valuesOf } from './position.ts';
import { headersOf, internalDateOf, listFolders, type Headers } from './queries.ts';
import { digestAlias, emailIdAlias, placeOf, referenceOf } from './references.ts';
import type { SessionStatus } from './session-status.ts';
import { Bell, Turns } from './waiting.ts';

/** How many names one question to the store has. */
const copiesAsked = 8;

export interface ReceptionSetup {
  readonly settings: Settings;
  readonly support: SpoolerSupport;
  readonly link: ImapLink;
  readonly status: SessionStatus;
  /** Aborts at logoff. */
  readonly signal: AbortSignal;
}

export class Reception {
  readonly #setup: ReceptionSetup;
  readonly #turns = new Turns();
  /** What is lined up was found by this connection. */
  #looked: ImapConnection | undefined;
  /** From the second look on a folder that was not there before is new, and so is all that is in it. */
  #appeared = false;
  readonly #drained = new Bell();
  readonly #folders = new Map<string, Folder>();

  constructor(setup: ReceptionSetup) {
    this.#setup = setup;
  }

  /** Whether there is something to receive. Without `thorough` only the folder that is open is asked. */
  look(signal: AbortSignal, options: { readonly thorough: boolean }): Promise<boolean> {
    return this.#turns.take(signal, async () => this.#look(await this.#setup.link.open(signal), options.thorough));
  }

  /** Receives the next message, or does what is marked; false: there was none (M-081). */
  receive(message: InboundMessage, signal: AbortSignal): Promise<boolean> {
    const { reference, mark } = message.wanted;
    return this.#turns.take(signal, async () => {
      const connection = await this.#setup.link.open(signal);
      if (reference !== undefined && mark !== undefined) return this.#marked(connection, message, { reference, mark }, signal);
      const lined = connection === this.#looked ? this.#next() : undefined;
      const folder = lined ?? ((await this.#look(connection, true)) ? this.#next() : undefined);
      if (folder?.pending === undefined) return false;
      await this.#receive(connection, folder, folder.pending, message, signal).finally(() => this.#drained.ring());
      return true;
    });
  }

  /** While nothing is received: folders are opened under this lock only, since a UID means nothing in another folder. */
  alone<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    return this.#turns.take(signal, task);
  }

  /** Resolves when nothing is being received and nothing waits for it. One listener at a time. */
  async free(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#turns.free(signal);
      if (this.#next() === undefined) return;
      await this.#drained.heard(signal);
    }
  }

  async #look(connection: ImapConnection, thorough: boolean): Promise<boolean> {
    const { settings, signal } = this.#setup;
    let found = false;
    for (const path of await listFolders(connection, settings.folders, signal)) {
      const open = connection.mailbox?.path === path;
      if (thorough || open) found = (await this.#lookInto(path, connection, thorough)) || found;
    }
    this.#appeared = true;
    this.#looked = connection;
    this.#setup.link.healthy();
    if (!found) await this.#save();
    return found;
  }

  /** A folder that the server refuses, such as one that is not there, does not keep the others back. */
  async #lookInto(path: string, connection: ImapConnection, thorough: boolean): Promise<boolean> {
    try {
      const folder = await this.#folder(path);
      return await folder.look(connection, thorough);
    } catch (error) {
      if (!isRefusal(error) || !(error instanceof TransportError) || error.gate !== undefined) throw error;
      this.#setup.support.logger.warn({ folder: path, response: error.response }, `imap: ${error.message}`);
      this.#setup.status.trouble(error.message);
      if (isMissing(error)) this.#folders.delete(path);
      return false;
    }
  }

  async #folder(path: string): Promise<Folder> {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const folder = await Folder.open(this.#appeared ? { ...this.#setup, settings: { ...this.#setup.settings, begin: 'all' } } : this.#setup, path);
    this.#folders.set(path, folder);
    return folder;
  }

  #next(): Folder | undefined {
    return [...this.#folders.values()].find((folder) => folder.pending !== undefined);
  }

  async #save(): Promise<void> {
    for (const folder of this.#folders.values()) await folder.save();
  }

  async #receive(connection: ImapConnection, folder: Folder, pending: PendingMessage, message: InboundMessage, signal: AbortSignal): Promise<void> {
    if (!(await folder.isCurrent(connection, pending))) return this.#setup.support.spoolerNotify({ type: 'newMail' });
    if (await this.#leftAtHeaders(connection, folder, pending, message, signal)) return;
    const download = new Download({ connection, uid: pending.uid, chunkBytes: this.#setup.settings.chunkBytes, signal });
    const first = await download.begin();
    if (first === undefined) return this.#without(folder, pending, download.unavailable);
    const reference = referenceOf(folder.path, pending.uidValidity, pending.uid);
    const names = first.emailId === undefined ? [] : [emailIdAlias(first.emailId)];
    const known = await message.setReference(reference, names);
    if (known === 'alreadyReceived') return this.#known(connection, folder, pending);
    if (known === 'headersOnly') return this.#knownHeaders(folder, pending);
    try {
      await abortable(message.setContent(download.bytes(first), { tnef: this.#setup.settings.tnef }), signal);
    } catch (error) {
      if (download.unavailable === undefined) throw error;
      return this.#without(folder, pending, download.unavailable);
    }
    const digest = download.digest();
    const alias = await this.#alias(folder, pending, digest);
    if ((await message.setReference(reference, [...names, alias])) === 'alreadyReceived') {
      await this.#known(connection, folder, pending);
    } else {
      await this.#saveMessage(folder, pending, first, message);
      await this.#tell(connection, folder, pending);
    }
    if (pending.settle) folder.countCopy(digest);
  }

  /** Where headers alone are wanted of it. Whether that was all. */
  async #leftAtHeaders(
    connection: ImapConnection,
    folder: Folder,
    pending: PendingMessage,
    message: InboundMessage,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { headersOnly = false, maxSizeBytes } = message.wanted;
    if (!headersOnly && maxSizeBytes === undefined) return false;
    const headers = await headersOf(connection, pending.uid, signal).catch((error: unknown) => {
      if (!isOfOneMessage(error)) throw error;
      return 'refused' as const;
    });
    if (headers === undefined || headers === 'refused') await this.#without(folder, pending, headers ?? 'vanished');
    else if (headersOnly || (headers.sizeBytes ?? 0) > (maxSizeBytes ?? 0)) await this.#list(connection, folder, pending, message, headers);
    else return false;
    return true;
  }

  /** They have their reference alone for a name: what else names the message is known when it is here. */
  async #list(connection: ImapConnection, folder: Folder, pending: PendingMessage, message: InboundMessage, headers: Headers): Promise<void> {
    const { bytes, sizeBytes, date } = headers;
    const known = await message.setReference(referenceOf(folder.path, pending.uidValidity, pending.uid));
    if (known === 'alreadyReceived') return this.#known(connection, folder, pending);
    if (known === 'headersOnly') return this.#knownHeaders(folder, pending);
    await message.setContent(bytes);
    if (date !== undefined) message.setProperties({ deliveryTime: date });
    const position = folder.afterHeaders(pending);
    const announce = !folder.isBaseline(pending, date);
    const section = { key: folder.sectionKey, values: valuesOf(position) };
    await message.saveChanges({ announce, section, headersOnly: true, ...(sizeBytes !== undefined && { sizeBytes }) });
    folder.passed(pending, position);
  }

  /** What becomes of it is said by its mark; until then it stays as it is, here and there. */
  async #knownHeaders(folder: Folder, pending: PendingMessage): Promise<void> {
    folder.passed(pending);
    if (folder.pending === undefined) await folder.save();
  }

  async #marked(
    connection: ImapConnection,
    message: InboundMessage,
    { reference, mark }: { readonly reference: string; readonly mark: Mark },
    signal: AbortSignal,
  ): Promise<boolean> {
    const place = placeOf(reference);
    if (place === undefined) throw new TransportError('ENOTFOUND', `IMAP: ${reference} names no message`, { outcome: 'notSent' });
    if (connection !== this.#looked) await this.#look(connection, true);
    const folder = await this.#folder(place.folder);
    const { chunkBytes } = this.#setup.settings;
    await serveMark({ connection, folder, place, chunkBytes, signal, alias: (digest) => this.#freeAlias(digest) }, message, mark);
    if (mark === 'download' && folder.owing(place) !== undefined) await this.#tell(connection, folder, place);
    await folder.save();
    return true;
  }

  /** The commit: the message, its names, and the position behind it. */
  async #saveMessage(folder: Folder, pending: PendingMessage, fetched: FetchMessageObject, message: InboundMessage): Promise<void> {
    const deliveryTime = internalDateOf(fetched);
    if (deliveryTime !== undefined) message.setProperties({ deliveryTime });
    const position = folder.after(pending);
    const announce = !folder.isBaseline(pending, deliveryTime);
    const saved = await message.saveChanges({ announce, section: { key: folder.sectionKey, values: valuesOf(position) } });
    folder.done(pending, saved === 'saved' ? position : undefined);
  }

  /** Below `settleBelow` the n-th copy here is the n-th copy there; above it every UID is a message of its own. */
  async #alias(folder: Folder, pending: PendingMessage, digest: string): Promise<string> {
    return pending.settle ? digestAlias(digest, folder.copyOf(digest)) : this.#freeAlias(digest);
  }

  async #freeAlias(digest: string): Promise<string> {
    for (let first = 1; ; first += copiesAsked) {
      const aliases = Array.from({ length: copiesAsked }, (_, index) => digestAlias(digest, first + index));
      const received = await this.#setup.support.received(aliases);
      const free = aliases.find((alias) => !received.has(alias));
      if (free !== undefined) return free;
    }
  }

  /** It came in before: under this name, or before the UIDs were given out anew. */
  async #known(connection: ImapConnection, folder: Folder, pending: PendingMessage): Promise<void> {
    folder.done(pending);
    await this.#tell(connection, folder, pending);
    if (folder.pending === undefined) await folder.save();
  }

  /** Saved is saved: what goes wrong at the server from here on is tried again with the next connection. */
  async #tell(connection: ImapConnection, folder: Folder, pending: { readonly uid: number }): Promise<void> {
    try {
      await folder.acknowledge(connection, pending.uid);
    } catch (error) {
      const { code, message } = toTransportError(error, 'acknowledge');
      this.#setup.support.logger.warn(
        { folder: folder.path, uid: pending.uid, code },
        `imap: saved; the server is told with the next connection: ${message}`,
      );
    }
  }

  async #without(folder: Folder, pending: PendingMessage, why: Unavailable | undefined): Promise<void> {
    if (why === 'refused') {
      this.#setup.support.logger.warn(
        { folder: folder.path, uid: pending.uid },
        'imap: the server does not give this message out; set aside until the next connection',
      );
      folder.setAside(pending);
    } else {
      folder.vanished(pending);
    }
    await this.#another(folder);
  }

  /** This call saves nothing and so ends the round: ask for another if something is left. */
  async #another(folder: Folder): Promise<void> {
    await folder.save();
    if (this.#next() !== undefined) this.#setup.support.spoolerNotify({ type: 'newMail' });
  }
}
