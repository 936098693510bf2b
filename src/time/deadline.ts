// A deadline is an AbortSignal that also says whose time is up.
import { MailspoolError } from '../errors.ts';
import type { Clock } from './clock.ts';
import { over } from './over.ts';

/**
 * Runs `run` with a signal that aborts when `signal` does or when `ms` have passed, and rejects at that moment even
 * if `run` ignores it. What `run` does afterwards is nobody's business any more; its late rejection is swallowed
 * here on purpose.
 * @throws ETIMEDOUT with `what` in its text; or the reason of `signal`
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  const timer = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const abort = () => {
      own.abort(signal.reason);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true, signal: timer.signal });
    clock.sleep(ms, timer.signal).then(
      () => {
        const error = new MailspoolError('ETIMEDOUT', `${what} did not answer within ${ms} ms`, { temporary: true });
        own.abort(error);
        reject(error);
      },
      () => undefined,
    );
  });
  try {
    const running = run(own.signal);
    running.catch(() => undefined);
    return await Promise.race([running, stopped]);
  } finally {
    timer.abort(over);
    stopped.catch(() => undefined);
  }
}
