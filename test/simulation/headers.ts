// Mail that is too large to come by itself: its headers come, a client marks it, and what is marked is fetched, deleted
// or moved, whatever happens in between (M-110).
import type { Mark } from 'mailspool/provider';
import type { SessionKey } from '../../src/index.ts';
import { boxes } from './plan.ts';
import type { World } from './world.ts';

/** One of twelve, and none that asks to be told that it was read. */
export const isLarge = (number: number): boolean => number % 12 === 5;

const marks: readonly Mark[] = ['download', 'delete', 'move'];
const markOf = (number: number): Mark => marks[Math.floor(number / 12) % marks.length] ?? 'download';

/** The client marks whatever headers there are, and has it done. */
export function markAll(world: World): void {
  const { spooler, process } = world;
  if (process.alive && spooler) world.background(marked(world));
}

async function marked(world: World): Promise<void> {
  const { spooler } = world;
  for await (const { id, properties } of spooler?.list({ headersOnly: true, marked: false }) ?? []) {
    await spooler?.mark(id, markOf(Number(properties.subject?.slice('in '.length))));
  }
  const { signal } = new AbortController();
  for (const box of boxes) world.background(spooler?.statusObject(box as string as SessionKey).validateState({ processHeaders: true }, signal));
}
