// The Outbox as it is: read anew whenever the spooler has news, with a line for each recipient that says what it waits for.
import { auditTime, combineLatest, from, map, merge, startWith, switchMap, timer, type Observable } from 'rxjs';
import type { EntryId, Explanation, MessageFilter, Spooler } from 'mailspool';
import type { Command } from './client.ts';
import { liveView } from './live-view.ts';
import { until } from './when.ts';

interface Waiting extends Explanation {
  readonly subject: string;
}

const outbox: MessageFilter = { direction: 'outbound', folder: 'Outbox' };

/** What waits, at each change; many changes at once make one. */
export function outbox$(spooler: Spooler): Observable<readonly Waiting[]> {
  return merge(spooler.events$, spooler.status$).pipe(
    startWith(undefined),
    auditTime(20),
    switchMap(() => from(readOutbox(spooler))),
  );
}

async function readOutbox(spooler: Spooler): Promise<Waiting[]> {
  const subjects = new Map<EntryId, string | undefined>();
  for await (const { id, properties } of spooler.list(outbox)) subjects.set(id, properties.subject);
  const explanations = await spooler.explain(outbox);
  return explanations.map((explanation) => ({ ...explanation, subject: subjects.get(explanation.id) ?? '(no subject)' }));
}

/** Beside the Outbox runs a clock, since what waits for its time counts down. */
export const outboxCommand: Command = liveView('outbox', 'show what waits to be sent, live', ({ spooler, numbers }) =>
  combineLatest([outbox$(spooler), timer(0, 1_000)]).pipe(
    map(([waiting]) => (waiting.length === 0 ? ['   empty'] : waiting.map((row) => lineOf(row, numbers.of(row.id))))),
  ),
);

function lineOf({ recipient, subject, sentence, nextAt }: Waiting, number: number): string {
  const next = nextAt === undefined ? '' : ` ${until(nextAt, Date.now())}`;
  return `${String(number).padStart(4)}  ${recipient.status.state}${next}  ${recipient.address}  ${subject}: ${sentence}`;
}
