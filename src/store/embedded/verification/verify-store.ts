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
  const worker = startWorker(module, { directory: resolve(directory) });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((done, failed) => {
      worker.on('message', (news: VerificationNews) => {
        if ('progress' in news) onProgress?.(news.progress);
        else if ('error' in news) failed(fromRecord(news.error));
        else done(news.verification);
      });
      worker.once('error', (error) => failed(ended(directory, error)));
      worker.once('exit', () => failed(signal?.aborted ? (signal.reason as Error) : ended(directory)));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

const ended = (directory: string, cause?: Error): MailspoolError =>
  new MailspoolError('ESTORE', `the worker that verifies ${directory} ended${cause ? `: ${cause.message}` : ''}`, { cause, temporary: true });
