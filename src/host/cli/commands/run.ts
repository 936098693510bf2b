// `mailspool run`: the spooler in the foreground. Writes one line for each event, answers on the control socket, and
// stops in order at the first SIGINT or SIGTERM, at once at the second (T-018, U-061).
import type { Spooler, StopResult } from '../../../spooler/contract.ts';
import type { LoadedConfiguration } from '../../configuration.ts';
import { serveControl } from '../../control/control.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { eventText, type EventText } from '../rendering/events.ts';
import { printable } from '../rendering/printable.ts';
import { duration, timeOfDay } from '../rendering/quantities.ts';
import { padded } from '../rendering/width.ts';
import { Interrupts } from '../signals.ts';

export const defaultDrainMs = 10_000;
const labelWidth = 11;
const drainLookMs = 500;

export async function run(context: Context, flags: { readonly drain?: number }): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const configuration = await context.configuration();
  const spooler = await context.access.open(configuration);
  const events = spooler.events$.subscribe((event) => {
    context.output.record(event);
    context.output.line(eventLine(context, event.at, eventText(event)));
  });
  try {
    const control = await serveControl(spooler, { directory: configuration.directory, environment: context.terminal.env });
    try {
      await spooler.start();
      announce(context, configuration);
      await interrupts.next();
    } finally {
      await control[Symbol.asyncDispose]();
    }
    report(context, await stopped(context, spooler, interrupts, flags.drain ?? defaultDrainMs));
    return 0;
  } finally {
    await spooler.stop({ drainMs: 0 });
    events.unsubscribe();
  }
}

function announce({ output }: Context, { directory, file, hasProviders }: LoadedConfiguration): void {
  output.record({ type: 'running', pid: process.pid, directory });
  output.line(
    `${output.paint('good', 'running')}  process ${process.pid}  ${printable(directory)}${file === undefined ? '' : output.paint('faint', `  ${printable(file)}`)}`,
  );
  if (!hasProviders) output.remark('No provider is configured: mail is accepted and waits. Name a server with --smtp or in mailspool.config.js.');
}

export function eventLine({ output }: Context, at: number, { label, tone, subject, detail }: EventText): string {
  const time = output.paint('faint', timeOfDay(at));
  return `${time}  ${output.paint(tone, padded(label, labelWidth))}  ${[subject, detail]
    .filter((text) => text !== '')
    .map(printable)
    .join('  ')}`.trimEnd();
}

/** What is in flight may finish; a second interrupt ends that. */
async function stopped({ output, terminal }: Context, spooler: Spooler, interrupts: Interrupts, drainMs: number): Promise<StopResult> {
  output.remark(`Stopping: what is in flight has ${duration(drainMs)} to finish; press Ctrl-C again to stop at once.`);
  const progress = output.progress();
  const until = terminal.clock.now() + drainMs;
  const done = new AbortController();
  const show = async () => {
    while (!done.signal.aborted) {
      progress.show(() => `stopping, ${duration(Math.max(0, until - terminal.clock.now()))} left`);
      await terminal.clock.sleep(drainLookMs, done.signal).catch(() => undefined);
    }
  };
  const showing = show();
  const atOnce = interrupts.next().then(async () => await spooler.stop({ drainMs: 0 }));
  try {
    return await Promise.race([spooler.stop({ drainMs }), atOnce]);
  } finally {
    done.abort();
    await showing;
    progress.clear();
  }
}

function report({ output }: Context, result: StopResult): void {
  output.record({ type: 'stopped', ...result });
  const rest = result.queued === 0 ? 'nothing is waiting' : `${result.queued} waiting in the queue for the next run`;
  output.line(`${output.paint(result.complete ? 'good' : 'waiting', 'stopped')}  ${rest}`);
}
