// Waiting that ends when nobody waits any more.
import { over } from './over.ts';

/** Settles as `work` does, or rejects with the signal's reason the moment that aborts; `work` then goes on unobserved. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort(over);
  }
}
