// Shows what becomes of one message while somebody waits for it: a line for each recipient that changes.
import type { EntryId } from '../../message/recipient.ts';
import type { SpoolerSurface } from '../control/surface.ts';
import type { Context } from './context.ts';
import { printable } from './rendering/printable.ts';
import { recipientRow } from './rendering/messages.ts';
import { timeOfDay } from './rendering/quantities.ts';
import { padded } from './rendering/width.ts';

export interface Watching {
  /** Shows what is still unseen, and ends. */
  stop(): Promise<void>;
}

const labelWidth = 10;

export function showChanges(context: Context, spooler: SpoolerSurface, id: EntryId, signal: AbortSignal): Watching {
  const stopping = new AbortController();
  const seen = new Map<number, string>();
  const show = async () => {
    for (const recipient of (await spooler.get(id))?.recipients ?? []) {
      const key = `${recipient.status.state} ${recipient.attempts}`;
      if (seen.get(recipient.id) !== key) lineFor(context, recipientRow(recipient));
      seen.set(recipient.id, key);
    }
  };
  const follow = async () => {
    const feed = spooler.changes({ signal: AbortSignal.any([stopping.signal, signal]) });
    await show();
    for await (const change of feed) if ('id' in change && change.id === id) await show();
  };
  // The watch only shows: if it breaks, the wait for the result says why.
  const following = context.output.json ? Promise.resolve() : follow().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await following;
      if (!context.output.json) await show().catch(() => undefined);
    },
  };
}

function lineFor({ output, terminal }: Context, cells: ReturnType<typeof recipientRow>): void {
  const [address = '', state = '', , , reply = ''] = cells.map((cell) => (typeof cell === 'string' ? cell : cell.text));
  const tone = typeof cells[1] === 'object' ? cells[1].tone : undefined;
  const time = output.paint('faint', timeOfDay(terminal.clock.now()));
  output.line(
    `${time}  ${output.paint(tone, padded(printable(state), labelWidth))}  ${printable(address)}  ${output.paint('faint', printable(reply))}`.trimEnd(),
  );
}
