// The stores that the engine's tests run on: every test on the memory store and again on the embedded one, except where it
// needs what only the former has, a disk that fails at a word and several spoolers at once.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished, test } from 'vitest';
import { embeddedStore, type MessageStore } from '../../../src/index.ts';
import { memoryStore, type MemoryStore } from '../../../src/store/memory/memory-store.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly store: 'memory' | 'embedded';
  }
}

/** A store that outlives its spooler. */
export interface LastingStore extends MessageStore {
  /** The process that owns it dies: what it still writes is of no account. */
  crash(): void;
  /** The same mail for the next spooler. */
  sharing(): LastingStore;
}

const onMemory = inject('store') === 'memory';

/** The store of this run. */
export const newStore = (): LastingStore => (onMemory ? memoryStore() : embedded(newDirectory()));

const declare: typeof test | (() => void) = onMemory ? test : () => undefined;

/** A test that the memory store alone allows. It gets the store. */
export const testInMemory = (title: string, run: (store: MemoryStore) => Promise<void>): void => declare(title, () => run(memoryStore()));

function embedded(directory: string): LastingStore {
  let next = directory;
  const store = embeddedStore({ directory });
  onTestFinished(async () => await store[Symbol.asyncDispose]());
  return Object.assign(store, {
    crash: (): void => cpSync(directory, (next = newDirectory()), { recursive: true }),
    sharing: () => embedded(next),
  });
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mailspool-engine-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
