// The store as one process sees it: each call has labelled points before it, while it is synced and after it, and the
// ledger hears of whatever was answered.
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import type { Process } from './process.ts';

/** Hears what the store has answered, in the order of the answers. */
export type Heard = (call: string, given: readonly unknown[], answer: unknown) => void;

const calls: ReadonlySet<string> = new Set([
  'open',
  'putContent',
  'submit',
  'claim',
  'renew',
  'settle',
  'received',
  'headersOnly',
  'receive',
  'get',
  'save',
  'sweep',
]);
/** Those that wait for a sync. */
const writes: ReadonlySet<string> = new Set(['putContent', 'submit', 'settle', 'receive', 'save', 'sweep']);

export function processStore(store: MemoryStore, process: Process, heard: Heard): MessageStore {
  return new Proxy<MessageStore>(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...given: unknown[]) => unknown;
      const name = String(key);
      if (!calls.has(name)) return (...given: unknown[]) => keptResult(process, call(...given));
      return async (...given: unknown[]) => await answered(process, name, given, async () => await call(...given), heard);
    },
  });
}

async function answered(process: Process, name: string, given: readonly unknown[], call: () => Promise<unknown>, heard: Heard): Promise<unknown> {
  if (writes.has(name)) await process.reach(`store: before ${name}`);
  const running = call();
  if (writes.has(name)) {
    running.catch(() => undefined);
    await process.reach(`store: ${name} is being synced`);
  }
  const answer = await process.kept(running);
  // Whoever died meanwhile heard nothing; what is on the disk is found at the next start.
  if (!process.alive) await process.reach(`store: ${name} answers`);
  heard(name, given, answer);
  if (writes.has(name) || name === 'claim') await process.reach(`store: ${name} is on disk`);
  return answer;
}

const keptResult = (process: Process, result: unknown): unknown => (result instanceof Promise ? process.kept(result) : result);
