// Large content in files of their own, streamed at constant memory in the program's thread. A file is synced, and its
// folders, before any row names it (T-001).
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MailspoolError } from '../../errors.ts';
import { storeError } from '../../database/store-error.ts';
import { type Random, randomHex } from '../../time/random.ts';
import { contentFolder } from './orphans.ts';
import type { ContentRef } from '../message-store.ts';

export class ContentFiles {
  readonly #directory: string;
  readonly #random: Random;

  constructor(directory: string, random: Random) {
    this.#directory = directory;
    this.#random = random;
  }

  /** A new file. Close it with `finish`, or `discard` it. */
  async create(): Promise<ContentFile> {
    const name = randomHex(this.#random, 16);
    const file = join(contentFolder, name.slice(0, 2), name.slice(2));
    const path = join(this.#directory, file);
    return this.#guarded(async () => {
      await this.#makeFolder(dirname(path));
      const handle = await open(path, 'wx', 0o600);
      return new ContentFile(file, path, handle);
    });
  }

  async *read(ref: ContentRef, file: string): AsyncGenerator<Uint8Array> {
    try {
      yield* createReadStream(join(this.#directory, file));
    } catch (error) {
      throw new MailspoolError('ECORRUPT', `content ${ref.ref}: its file ${file} cannot be read`, { cause: error });
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = folder; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made));
  }

  async #guarded<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw storeError(error, `writing content in ${this.#directory}`);
    }
  }
}

export class ContentFile {
  /** Below the store's directory. */
  readonly file: string;
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(file: string, path: string, handle: FileHandle) {
    this.file = file;
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws ESTORE, temporary where the disk is full */
  async write(chunk: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < chunk.byteLength;) at += (await this.#handle.write(chunk, at)).bytesWritten;
    } catch (error) {
      throw storeError(error, `writing ${this.#path}`);
    }
  }

  /** It is on disk under its name afterwards. @throws ESTORE */
  async finish(): Promise<void> {
    try {
      await this.#handle.chmod(0o600);
      await this.#handle.sync();
      await this.#handle.close();
      await syncFolder(dirname(this.#path));
    } catch (error) {
      throw storeError(error, `writing ${this.#path}`);
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
