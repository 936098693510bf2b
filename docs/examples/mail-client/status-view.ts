// The status table, live: the spooler's own row, and one for each session in transport order.
import { map } from 'rxjs';
import type { StatusFlag, StatusRow } from 'mailspool';
import type { Command } from './client.ts';
import { liveView } from './live-view.ts';
import { until } from './when.ts';

export const statusCommand: Command = liveView('status', 'show the status table, live', ({ spooler }) =>
  spooler.status$.pipe(map((rows) => rows.map(lineOf))),
);

const told: readonly (readonly [StatusFlag, string])[] = [
  ['outboundActive', 'sending'],
  ['inboundActive', 'receiving'],
];

function lineOf({ id, statusText, gate, queued, flags, progress }: StatusRow): string {
  const says = [
    statusText,
    gate?.until === undefined ? '' : `again ${until(gate.until, Date.now())}`,
    queued > 0 ? `${queued} queued` : '',
    progress ? `${progress.done} of ${progress.total ?? '?'}` : '',
    ...told.filter(([flag]) => flags[flag]).map(([, text]) => text),
  ];
  return `   ${id.padEnd(12)} ${says.filter((text) => text !== '').join(', ')}`;
}
