// What many cases do with a session: the one thing that it is for, or find out how it fails.
import assert from 'node:assert/strict';
import type { LoggedOn, ProviderWorld, SupportOfCase } from './world.ts';

/** One piece of what the session is for. */
export async function works(world: ProviderWorld, logged: LoggedOn): Promise<void> {
  if (world.can('send')) {
    assert.deepEqual((await world.submit(logged)).summary, ['1:accepted']);
  } else if (world.can('arrive')) {
    const count = world.spool.saved.length + 1;
    await world.side('arrive')(world.mail());
    await world.receive(logged, count);
  } else {
    await world.poll(logged);
  }
}

interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly gate?: { readonly reason?: string };
  readonly handOver?: readonly string[];
}

/** How the session fails that is refused: at logon, at a hand-over, or at a look for mail. */
export async function failureToLogOn(world: ProviderWorld, support?: SupportOfCase): Promise<Failure | undefined> {
  const failed = (reason: unknown): Failure => reason as Failure;
  const logged: LoggedOn | Failure = await world.logOn({ ...(support && { support }) }).catch(failed);
  if (!('session' in logged)) return logged;
  if (!world.can('send')) return world.poll(logged).then(() => undefined, failed);
  const { error, summary } = await world.submit(logged);
  return Object.assign(error ?? new Error('the hand-over went through'), { handOver: summary }) as Failure;
}

/** What JSON leaves out of an error, and its causes. */
export function toldBy(error: unknown): unknown[] {
  const texts: unknown[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) texts.push(at.message, at.stack);
  return texts;
}
