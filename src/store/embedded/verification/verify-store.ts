// Verifies a store, whether or not a spooler has it open: in a worker, and without writing.
import { resolve } from 'node:path';
import { startWorker } from '../../../database/start-worker.ts';
import { fromRecord } from '../../../database/store-error.ts';
import { MailspoolError } from '../../../errors.ts';
import type { StoreVerification, VerificationProgress } from './problem.ts';
import type { VerificationNews } from './worker.ts';

export interface VerifyOptions {
  /** The directory of an `embeddedStore`. */
  readonly directory: string;
  readonly onProgress?: (progress: VerificationProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Looks whether the store is what it should be: SQLite's own check of the file; each record against its checksum; where each
 * message waits, and by what it is found, against its record; claims, keys, sections, the change feed, the counters; each
 * content against its digest and its number of users. `problems` is empty if all is well.
 * @throws ECONFIG if there is no store; ESTOREVERSION; ESTORE if the file cannot be read; the signal's reason
 */
export async function verifyStore({ directory, onProgress, signal }: VerifyOptions): Promise<StoreVerification> {
  signal?.throwIfAborted();
  const module = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
  const stopping = new Int32Array(new SharedArrayBuffer(4));
  const worker = startWorker(module, { directory: resolve(directory), stopping });
  const exited = new Promise<void>((done) => worker.once('exit', () => done()));
  const over = new AbortController();
  try {
    return await new Promise((done, failed) => {
      // It is asked to end, not ended: a worker in the midst of native code would take the process with it.
      const stop = () => {
        Atomics.store(stopping, 0, 1);
        worker.unref();
        failed(signal?.reason as Error);
      };
      signal?.addEventListener('abort', stop, { once: true, signal: over.signal });
      worker.on('message', (news: VerificationNews) => {
        if ('progress' in news) onProgress?.(news.progress);
        else if ('error' in news) failed(fromRecord(news.error));
        else done(news.verification);
      });
      worker.once('error', (error) => failed(ended(directory, error)));
      void exited.then(() => failed(ended(directory)));
    });
  } finally {
    over.abort();
    if (!signal?.aborted) await exited;
  }
}

const ended = (directory: string, cause?: Error): MailspoolError =>
  new MailspoolError('ESTORE', `the worker that verifies ${directory} ended${cause ? `: ${cause.message}` : ''}`, { cause, temporary: true });
