// `mailspool submit`: a message from an .eml file, from standard input or from flags. Ends with 0 only once it is on disk.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { MailspoolError } from '../../../errors.ts';
import type { RecipientRow } from '../../../message/recipient.ts';
import type { SendAt, SubmitMessage, SubmitOptions } from '../../../message/submit-message.ts';
import type { SendResult, SubmitReceipt } from '../../../spooler/contract.ts';
import type { Context, Reached } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Progress } from '../output.ts';
import { recipientColumns, recipientRow } from '../rendering/messages.ts';
import { size } from '../rendering/quantities.ts';
import { Interrupts } from '../signals.ts';
import { showChanges } from '../watching.ts';

export interface SubmitFlags {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly attach?: readonly string[];
  readonly at?: Date;
  readonly after?: SendAt;
  readonly expiresAfter?: number;
  readonly priority?: number;
  readonly idempotencyKey?: string;
  readonly account?: string;
  readonly atMostOnce?: boolean;
  readonly wait?: boolean;
}

interface Submission {
  readonly message: SubmitMessage;
  readonly flags: SubmitFlags;
  readonly progress: Progress;
}

/** Read whole, so that the same input with the same key is recognised at once; larger files are streamed. */
const readWholeBytes = 1024 * 1024;

export async function submit(context: Context, file: string | undefined, flags: SubmitFlags): Promise<ExitCode> {
  const progress = context.output.progress();
  const message = file === undefined ? await composed(context, flags, progress) : await ready(context, file, flags, progress);
  return await context.withSpooler<ExitCode>({ creates: true }, async (reached) => {
    if (flags.wait === true) return await submitAndWait(context, reached, { message, flags, progress });
    const receipt = await accepted(context, reached, { message, flags, progress });
    context.output.document(receipt);
    context.output.line(receiptText(context, receipt));
    if (reached.local !== undefined) context.output.remark('No spooler is running on this store; the next `mailspool run` sends it.');
    return 0;
  });
}

async function accepted({ terminal }: Context, { spooler }: Reached, submission: Submission, signal?: AbortSignal): Promise<SubmitReceipt> {
  const { message, flags, progress } = submission;
  try {
    return await spooler.submit(message, { ...submitOptions(flags, terminal.clock.now()), ...(signal === undefined ? {} : { signal }) });
  } finally {
    progress.clear();
  }
}

function receiptText({ output }: Context, { id, envelope, existing }: SubmitReceipt): string {
  const count = envelope.to.length;
  return `${output.paint('good', existing ? 'already submitted' : 'submitted')}  ${id}  ${output.paint('faint', `${count} recipient${count === 1 ? '' : 's'}`)}`;
}

function submitOptions(flags: SubmitFlags, now: number): SubmitOptions {
  const { at, after, expiresAfter, priority, idempotencyKey, account } = flags;
  if (at !== undefined && after !== undefined) throw usage('at', '--at and --after exclude each other', 'Give one of them.');
  return {
    ...(at === undefined ? {} : { sendAt: at }),
    ...(after === undefined ? {} : { sendAt: after }),
    ...(priority === undefined ? {} : { priority }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(account === undefined ? {} : { account }),
    ...(flags.atMostOnce === true ? { guarantee: 'atMostOnce', onUnknown: 'hold' } : {}),
    ...(expiresAfter === undefined ? {} : { expiresAt: now + expiresAfter }),
  };
}

/** Bytes that exist already; --from and --to then name the envelope. */
async function ready({ terminal }: Context, file: string, flags: SubmitFlags, progress: Progress): Promise<SubmitMessage> {
  const composing = (['cc', 'bcc', 'subject', 'text', 'html', 'attach'] as const).find((name) => flags[name] !== undefined);
  if (composing !== undefined)
    throw usage(composing, `--${composing} cannot be given with a finished message`, 'Leave the flag out, or compose the message from flags alone.');
  const raw =
    file === '-'
      ? counted(terminal.stdin, 'standard input', undefined, progress)
      : await fileContent(resolve(terminal.workingDirectory, file), 'file', progress);
  if (flags.to === undefined && flags.from === undefined) return { raw };
  if (flags.to === undefined) throw usage('from', '--from without --to', 'Give both: together they are the envelope.');
  return { raw, envelope: { from: flags.from ?? false, to: [...flags.to] } };
}

async function composed({ terminal }: Context, flags: SubmitFlags, progress: Progress): Promise<SubmitMessage> {
  const { from, to, cc, bcc, subject, html, attach = [] } = flags;
  const text = flags.text === '-' ? await whole(terminal.stdin) : flags.text;
  const attachments = [];
  for (const path of attach) {
    const content = await fileContent(resolve(terminal.workingDirectory, path), 'attach', progress);
    attachments.push({ filename: basename(path), content });
  }
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to: [...to] }),
    ...(cc === undefined ? {} : { cc: [...cc] }),
    ...(bcc === undefined ? {} : { bcc: [...bcc] }),
    ...(subject === undefined ? {} : { subject }),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

/** This process reads its files itself; a spooler elsewhere gets bytes, never a path (X-016). */
async function fileContent(path: string, field: string, progress: Progress): Promise<Buffer | Readable> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new Error('it is a directory');
    if (found.isFile() && found.size <= readWholeBytes) return await readFile(path);
    return counted(createReadStream(path), basename(path), found.size, progress);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : (cause as Error).message;
    throw new MailspoolError('EINVALID', `${path} cannot be read: ${why}`, {
      cause,
      field,
      remedy: 'Check the path and the permissions of the file.',
    });
  }
}

function counted(source: AsyncIterable<Uint8Array | string>, name: string, total: number | undefined, progress: Progress): Readable {
  async function* pieces() {
    let read = 0;
    for await (const chunk of source) {
      read += chunk.length;
      progress.show(() => `reading ${name}: ${size(read)}${total === undefined ? '' : ` of ${size(total)}`}`);
      yield chunk;
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** With a running spooler: watch. Without one this process sends, until the message is settled. */
async function submitAndWait(context: Context, reached: Reached, submission: Submission): Promise<ExitCode> {
  if (reached.local !== undefined && !reached.configuration.hasProviders) {
    throw new MailspoolError('ECONFIG', '--wait needs a spooler that sends: none is running on this store, and no provider is configured', {
      field: 'providers',
      remedy: 'Start `mailspool run` with a provider, or name a server with --smtp.',
    });
  }
  using interrupts = new Interrupts();
  await reached.local?.start();
  const receipt = await accepted(context, reached, submission, interrupts.signal);
  context.output.line(receiptText(context, receipt));
  const watching = showChanges(context, reached.spooler, receipt.id, interrupts.signal);
  try {
    return finished(context, await reached.spooler.settled(receipt.id, { signal: interrupts.signal }));
  } finally {
    await watching.stop();
  }
}

function finished({ output }: Context, result: SendResult): ExitCode {
  output.document(result);
  output.line();
  output.table(recipientColumns, result.recipients.map(recipientRow));
  return result.recipients.every(arrived) ? 0 : 5;
}

const arrived = ({ status, submitted }: RecipientRow): boolean => submitted === true || status.state === 'relayed' || status.state === 'delivered';

const usage = (field: string, text: string, remedy: string) => new MailspoolError('EINVALID', text, { field: `--${field}`, remedy });
