// When the order, the address types or the configuration change, what is not under way is routed again (M-021, M-090).
import type { RecipientChange } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import type { RoutePlanner } from './route-planner.ts';
import type { Settler } from './settler.ts';

/** Takes the route from every waiting recipient that would go another way now; the prepare step gives it the new one. */
export async function rerouted(engine: Engine, settler: Settler, planner: RoutePlanner): Promise<void> {
  for await (const message of engine.store.find({ direction: 'outbound', states: ['queued', 'deferred'] })) {
    const recipients = message.recipients.flatMap((row): RecipientChange[] => {
      const waits = row.status.state === 'queued' || row.status.state === 'deferred';
      const stays = row.route === undefined || row.route.session === planner.taker(row, message);
      return waits && !stays ? [{ recipient: row.id, route: null }] : [];
    });
    if (recipients.length > 0) await settler.settle({ id: message.id, guard: { from: ['queued', 'deferred'] }, recipients });
  }
}
