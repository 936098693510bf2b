// Writes messages out of a store: as .eml files, mbox or JSON lines, each with what has become of it. What is written to
// appears under its name only when all of it is there.
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { isMailspoolError, MailspoolError } from '../../errors.ts';
import type { Message } from '../../message/message.ts';
import type { Instant } from '../../time/clock.ts';
import type { Spooler } from '../../spooler/contract.ts';
import type { MessageFilter } from '../../store/message-store.ts';
import { printableJson } from '../cli/rendering/printable.ts';
import { asJsonLine, asMbox, timeOf } from './formats.ts';

/** `eml`: a folder with `<id>.eml` for each message and `messages.jsonl`, what is known of each. */
export type ExportFormat = 'eml' | 'mbox' | 'jsonl';

export interface ExportOptions {
  readonly format: ExportFormat;
  /** A file, or for `eml` a folder; it must not exist. Or, but not for `eml`, a stream, which stays open. */
  readonly to: string | Writable;
  readonly filter?: MessageFilter;
  /** Only what was submitted or received at that time or later. */
  readonly since?: Instant;
  readonly onProgress?: (progress: { readonly messages: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

export interface Exported {
  readonly messages: number;
  readonly bytes: number;
  /** Messages whose content is gone, because its retention is over. */
  readonly contentGone: readonly string[];
  /** Messages whose content does not match its digest: it is left out. */
  readonly damaged: readonly string[];
}

type Source = Pick<Spooler, 'list' | 'raw'>;

/**
 * The bytes are those that were submitted or received; each message is read twice, first to see whether it is intact.
 * @throws EINVALID if `to` exists or cannot be written; what `list` and `raw` throw; the signal's reason
 */
export async function exportMessages(source: Source, options: ExportOptions): Promise<Exported> {
  const { format, to } = options;
  if (typeof to !== 'string') {
    if (format === 'eml')
      throw new MailspoolError('EINVALID', 'messages as files need a folder', { field: 'to', remedy: 'Name a folder, or choose mbox or jsonl.' });
    return await new Export(source, options).into(async (pieces) => await written(to, pieces));
  }
  const target = resolve(to);
  await refuseExisting(target);
  let draft: string | undefined;
  try {
    draft = await mkdtemp(join(dirname(target), '.mailspool-export-'));
    const place = join(draft, basename(target));
    const exported = format === 'eml' ? await intoFolder(source, options, place) : await intoFile(source, options, place);
    await rename(place, target);
    return exported;
  } catch (error) {
    throw isSystemError(error) ? cannotWrite(target, error) : error;
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
  }
}

async function intoFile(source: Source, options: ExportOptions, place: string): Promise<Exported> {
  const file = createWriteStream(place, { mode: 0o600, flush: true });
  try {
    const exported = await new Export(source, options).into(async (pieces) => await written(file, pieces));
    file.end();
    await finished(file);
    return exported;
  } finally {
    file.destroy();
  }
}

/** The index is last, so that it names only what is there. */
async function intoFolder(source: Source, options: ExportOptions, place: string): Promise<Exported> {
  await mkdir(place, { mode: 0o700 });
  const index = await open(join(place, 'messages.jsonl'), 'wx', 0o600);
  try {
    const exported = await new Export(source, options).each(async (message, raw) => {
      const file = raw === undefined ? null : fileOf(message);
      if (file !== null && raw !== undefined) {
        const stream = createWriteStream(join(place, file), { mode: 0o600, flags: 'wx' });
        await written(stream, raw);
        stream.end();
        await finished(stream);
      }
      await index.appendFile(`${printableJson({ ...message, file })}\n`);
    });
    await index.sync();
    return exported;
  } finally {
    await index.close();
  }
}

/** Whatever a store calls its messages, the file lies in the folder. */
const fileOf = ({ id }: Message): string => `${encodeURIComponent(id).replaceAll('.', '%2E')}.eml`;

class Export {
  readonly #source: Source;
  readonly #options: ExportOptions;
  readonly #contentGone: string[] = [];
  readonly #damaged: string[] = [];
  #messages = 0;
  #bytes = 0;

  constructor(source: Source, options: ExportOptions) {
    this.#source = source;
    this.#options = options;
  }

  async into(write: (pieces: AsyncIterable<Uint8Array | string>) => Promise<void>): Promise<Exported> {
    const form = this.#options.format === 'mbox' ? asMbox : asJsonLine;
    return await this.each(async (message, raw) => await write(form(message, raw)));
  }

  async each(take: (message: Message, raw: AsyncIterable<Uint8Array> | undefined) => Promise<void>): Promise<Exported> {
    const { filter, since = Number.NEGATIVE_INFINITY, onProgress, signal } = this.#options;
    signal?.throwIfAborted();
    for await (const message of this.#source.list(filter)) {
      signal?.throwIfAborted();
      if ((timeOf(message) ?? Number.POSITIVE_INFINITY) < since) continue;
      await take(message, (await this.#isIntact(message)) ? await this.#source.raw(message.id) : undefined);
      this.#messages += 1;
      onProgress?.({ messages: this.#messages, bytes: this.#bytes });
    }
    return { messages: this.#messages, bytes: this.#bytes, contentGone: this.#contentGone, damaged: this.#damaged };
  }

  /** The digest is known to be right or wrong only at the end: nothing of a damaged message is to be seen. */
  async #isIntact({ id }: Message): Promise<boolean> {
    try {
      let bytes = 0;
      for await (const chunk of (await this.#source.raw(id)) as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
      this.#bytes += bytes;
      return true;
    } catch (error) {
      if (!isMailspoolError(error) || (error.code !== 'ENOTFOUND' && error.code !== 'ECORRUPT')) throw error;
      (error.code === 'ECORRUPT' ? this.#damaged : this.#contentGone).push(id);
      return false;
    }
  }
}

/** With back-pressure; a stream that breaks or closes ends it. */
async function written(stream: Writable, pieces: AsyncIterable<Uint8Array | string>): Promise<void> {
  for await (const piece of pieces) {
    if (stream.errored) throw stream.errored;
    if (stream.destroyed) throw new MailspoolError('ECANCEL', 'the reader went away');
    if (stream.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off('drain', go).off('close', go).off('error', go);
        resolve();
      };
      stream.on('drain', go).on('close', go).on('error', go);
    });
  }
  if (stream.errored) throw stream.errored;
}

async function refuseExisting(target: string): Promise<void> {
  if ((await lstat(target).catch(() => undefined)) === undefined) return;
  throw new MailspoolError('EINVALID', `${target} exists already`, { field: 'to', remedy: 'Name a file or folder that does not exist yet.' });
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

const cannotWrite = (target: string, cause: NodeJS.ErrnoException): MailspoolError =>
  new MailspoolError('EINVALID', `${target} cannot be written: ${cause.message}`, {
    field: 'to',
    cause,
    remedy: 'Name a place where you may write and where there is room.',
  });
