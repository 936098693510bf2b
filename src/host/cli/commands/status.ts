// `mailspool status`: the status table, once or as it changes; nobody who looks after a spooler waits for a logon.
import type { StatusRow } from '../../../spooler/contract.ts';
import type { Context, Reached } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { statusCells, statusColumns } from '../rendering/messages.ts';
import { timeOfDay } from '../rendering/quantities.ts';
import { Interrupts } from '../signals.ts';

const watchEveryMs = 1000;

export async function status(context: Context, flags: { readonly watch?: boolean }): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async (reached) => {
    if (flags.watch === true) return await watch(context, reached);
    const rows = await reached.spooler.status({ atOnce: true });
    context.output.document(asDocument(reached, rows));
    context.output.line(headline(context, reached));
    context.output.table(statusColumns, rows.map(statusCells));
    return 0;
  });
}

const asDocument = ({ pid, configuration }: Reached, sessions: readonly StatusRow[]) => ({
  running: pid !== undefined,
  pid: pid ?? null,
  directory: configuration.directory,
  sessions,
});

const headline = ({ output }: Context, { pid, configuration }: Reached): string =>
  pid === undefined
    ? `${output.paint('waiting', 'not running')}  ${configuration.directory}`
    : `${output.paint('good', 'running')}  process ${pid}  ${configuration.directory}`;

/** Redraws on a terminal; elsewhere, and with --json, each change is written once. */
async function watch(context: Context, reached: Reached): Promise<ExitCode> {
  const { output, terminal } = context;
  using interrupts = new Interrupts();
  let before = '';
  while (!interrupts.signal.aborted) {
    const rows = await reached.spooler.status({ atOnce: true });
    const now = JSON.stringify(rows);
    if (now !== before) {
      if (output.isTerminal) await output.bytes('\u001b[H\u001b[2J');
      output.record({ at: terminal.clock.now(), ...asDocument(reached, rows) });
      output.line(`${headline(context, reached)}  ${output.paint('faint', timeOfDay(terminal.clock.now()))}`);
      output.table(statusColumns, rows.map(statusCells));
    }
    before = now;
    await terminal.clock.sleep(watchEveryMs, interrupts.signal).catch(() => undefined);
  }
  return 0;
}
