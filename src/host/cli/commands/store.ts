// `store verify`, `store compact`, `store export`: looking after the store itself.
import { resolve } from 'node:path';
import { isMailspoolError, MailspoolError } from '../../../errors.ts';
import { compactStore } from '../../../store/embedded/compact-store.ts';
import type { StoreProblem, StoreVerification } from '../../../store/embedded/verification/problem.ts';
import { verifyStore } from '../../../store/embedded/verification/verify-store.ts';
import { type Exported, type ExportFormat, exportMessages } from '../../export/export-messages.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';
import { size } from '../rendering/quantities.ts';
import { Interrupts } from '../signals.ts';
import { type FilterFlags, filterOf } from './queue.ts';

/** Reads only, whether or not a spooler runs. Ends with 1 if something is wrong. */
export async function verify(context: Context): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output } = context;
  const { directory } = await context.configuration();
  const progress = output.progress();
  const found = await verifyStore({
    directory,
    signal: interrupts.signal,
    onProgress: ({ phase, done, total }) => progress.show(() => (phase === 'file' ? 'reading the file' : `${phase}: ${done} of ${total}`)),
  }).finally(() => progress.clear());
  output.document(found);
  for (const problem of found.problems) showProblem(context, problem);
  if (found.furtherProblems > 0) output.line(`and ${found.furtherProblems} more`);
  output.line(summaryOf(context, found));
  if (found.orphanFiles > 0) output.remark(`${found.orphanFiles} content files belong to no message: they go when the store is opened.`);
  if (found.setAside > 0) output.remark(`${found.setAside} damaged messages were set aside before; they stand in the table damaged_message.`);
  return found.problems.length === 0 ? 0 : 1;
}

function showProblem({ output }: Context, { kind, subject, text, remedy }: StoreProblem): void {
  output.line(`${output.paint('bad', kind)}  ${subject === undefined ? '' : `${printable(subject)}  `}${printable(text)}`);
  output.line(output.paint('faint', `  ${remedy}`));
}

function summaryOf({ output }: Context, { problems, furtherProblems, messages, contents, contentBytes, directory }: StoreVerification): string {
  const count = problems.length + furtherProblems;
  const word = count === 0 ? output.paint('good', 'in order') : output.paint('bad', `${count} ${count === 1 ? 'problem' : 'problems'}`);
  return `${word}  ${messages} messages, ${contents} contents, ${size(contentBytes)} read  ${printable(directory)}`;
}

export async function compact(context: Context): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output, terminal } = context;
  const { directory } = await context.configuration();
  const running = await context.access.running(directory, terminal.env);
  if (running !== undefined) {
    await running[Symbol.asyncDispose]();
    throw locked(
      `the spooler of process ${running.pid} runs on this store`,
      'It gives back what is free by itself, in idle time. To compact at once, stop it first.',
    );
  }
  const progress = output.progress();
  try {
    const { beforeBytes, afterBytes } = await compactStore({
      directory,
      clock: terminal.clock,
      signal: interrupts.signal,
      onProgress: ({ doneBytes, totalBytes }) => progress.show(() => `given back: ${size(doneBytes)} of ${size(totalBytes)}`),
    });
    progress.clear();
    output.document({ directory: resolve(directory), beforeBytes, afterBytes });
    output.line(`${output.paint('good', 'compacted')}  ${size(beforeBytes)} before, ${size(afterBytes)} now  ${printable(directory)}`);
    return 0;
  } catch (error) {
    if (!isMailspoolError(error) || error.code !== 'ESTORELOCKED') throw error;
    throw locked(error.message, 'The process that owns the store answers on no control socket: stop it first.', error);
  } finally {
    progress.clear();
  }
}

const locked = (text: string, remedy: string, cause?: Error): MailspoolError =>
  new MailspoolError('ESTORELOCKED', text, { temporary: true, remedy, cause });

export interface ExportFlags extends FilterFlags {
  readonly format?: ExportFormat;
  readonly since?: Date;
}

/** `target`: a file or folder that does not exist yet; `-`: standard output. */
export async function exportAll(context: Context, target: string, flags: ExportFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output, terminal } = context;
  const isStream = target === '-';
  if (isStream && output.json)
    throw new MailspoolError('EINVALID', '--json and messages cannot both go to standard output', { field: '--json', remedy: 'Name a file.' });
  const format = flags.format ?? formatOf(target);
  if (isStream && output.isTerminal && format === 'mbox')
    throw new MailspoolError('EINVALID', 'messages as they are could command the terminal', {
      field: 'target',
      remedy: 'Name a file, or pipe them on.',
    });
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const progress = output.progress();
    const exported = await exportMessages(spooler, {
      format,
      to: isStream ? terminal.stdout : resolve(terminal.workingDirectory, target),
      filter: filterOf(flags),
      ...(flags.since && { since: flags.since.getTime() }),
      signal: interrupts.signal,
      onProgress: ({ messages, bytes }) => progress.show(() => `${messages} messages, ${size(bytes)}`),
    }).finally(() => progress.clear());
    output.document(exported);
    const text = `${output.paint('good', 'exported')}  ${exported.messages} messages, ${size(exported.bytes)}`;
    if (!isStream) output.line(`${text}  ${printable(target)}`);
    remarks(context, exported);
    return exported.damaged.length === 0 ? 0 : 1;
  });
}

function remarks({ output }: Context, { contentGone, damaged }: Exported): void {
  if (contentGone.length > 0) output.remark(`The content of ${contentGone.length} is gone: its retention is over.`);
  for (const id of damaged) output.remark(`The content of ${id} is damaged and was left out; \`mailspool store verify\` says more.`);
}

const formatOf = (target: string): ExportFormat =>
  target.endsWith('.mbox') ? 'mbox' : target === '-' || target.endsWith('.jsonl') ? 'jsonl' : 'eml';
