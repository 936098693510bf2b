// `flush`, `receive`, `suspend`, `resume`: what sessions do now.
import { MailspoolError } from '../../../errors.ts';
import type { SessionKey } from '../../../message/recipient.ts';
import type { Context, Reached } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Interrupts } from '../signals.ts';
import { receiveMarked } from './headers.ts';

export interface FlushFlags {
  readonly session?: readonly string[];
  readonly background?: boolean;
  readonly headersOnly?: boolean;
  readonly maxSize?: number;
  readonly marked?: boolean;
}

/** `flush` sends and fetches, `receive` only fetches; both now, whatever waits for its time. */
export async function flush(context: Context, what: 'flush' | 'receive', flags: FlushFlags): Promise<ExitCode> {
  if (flags.marked) return await running(context, what, async ({ spooler }) => await receiveMarked(context, spooler, flags));
  return await running(context, what, async ({ spooler }) => {
    using interrupts = new Interrupts();
    await spooler.flush({
      inbound: true,
      outbound: what === 'flush',
      ...(flags.session && { sessions: flags.session as readonly SessionKey[] }),
      ...(flags.background && { async: true }),
      ...(flags.headersOnly && { headersOnly: true }),
      ...(flags.maxSize !== undefined && { maxSizeBytes: flags.maxSize }),
      signal: interrupts.signal,
    });
    const word = flags.background === true ? 'begun' : 'done';
    context.output.document({ [what]: word });
    context.output.line(context.output.paint('good', word));
  });
}

/** One session, or all. */
export async function suspend(context: Context, what: 'suspend' | 'resume', session: string | undefined): Promise<ExitCode> {
  return await running(context, what, async ({ spooler }) => {
    await spooler[what](session as SessionKey | undefined);
    const word = what === 'suspend' ? 'suspended' : 'resumed';
    context.output.document({ [word]: session ?? 'all' });
    context.output.line(`${context.output.paint(what === 'suspend' ? 'waiting' : 'good', word)}  ${session ?? 'all sessions'}`);
  });
}

async function running(context: Context, what: string, run: (reached: Reached) => Promise<ExitCode | void>): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async (reached) => {
    if (reached.local !== undefined)
      throw new MailspoolError('ESTOPPED', `${what}: no spooler is running on this store`, { remedy: '`mailspool run` starts one.' });
    return (await run(reached)) ?? 0;
  });
}
