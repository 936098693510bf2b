// `mark`, `receive --marked`: what becomes of messages of which the headers alone are here.
import { MailspoolError } from '../../../errors.ts';
import type { Mark } from '../../../message/message.ts';
import type { EntryId, SessionKey } from '../../../message/recipient.ts';
import type { SpoolerSurface } from '../../control/surface.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Interrupts } from '../signals.ts';

const marks = ['download', 'delete', 'move', 'none'] as const;

/** Served by the next `receive --marked`. */
export async function mark(context: Context, id: EntryId, word: string): Promise<ExitCode> {
  const wish = marks.find((each) => each === word.toLowerCase());
  if (wish === undefined)
    throw new MailspoolError('EINVALID', `${JSON.stringify(word)} is no mark`, { field: 'mark', remedy: `Write ${marks.join(', ')}.` });
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const { output } = context;
    const given: Mark | null = wish === 'none' ? null : wish;
    await spooler.mark(id, given);
    output.document({ id, mark: given });
    output.line(given === null ? `${output.paint('good', 'unmarked')}  ${id}` : `${output.paint('good', `marked ${given}`)}  ${id}`);
    return 0;
  });
}

const lookAgainMs = 200;

export interface MarkedFlags {
  readonly session?: readonly string[];
  readonly background?: boolean;
}

/** Asks the sessions that can to do what is marked, and waits for it; what could not be done keeps its mark. */
export async function receiveMarked(context: Context, spooler: SpoolerSurface, { session, background }: MarkedFlags): Promise<ExitCode> {
  const { output, terminal } = context;
  using interrupts = new Interrupts();
  const { signal } = interrupts;
  const sessions = await remoteSessions(spooler, session);
  for (const key of sessions) await spooler.statusObject(key).validateState({ processHeaders: true }, signal);
  while (background !== true && (await isBusy(spooler, sessions))) await terminal.clock.sleep(lookAgainMs, signal);
  const left = background === true ? [] : await stillMarked(spooler, sessions);
  const word = background === true ? 'begun' : 'done';
  output.document({ receive: word, marked: left });
  output.line(output.paint('good', word));
  for (const id of left) output.line(`${output.paint('waiting', 'still marked')}  ${id}`);
  return left.length === 0 ? 0 : 4;
}

/** @throws ENOSUPPORT where none of them can */
async function remoteSessions(spooler: SpoolerSurface, named: readonly string[] | undefined): Promise<SessionKey[]> {
  if (named) return named as SessionKey[];
  const remote = (await spooler.status()).filter(({ flags }) => flags.remoteAccess).map(({ id }) => id as SessionKey);
  if (remote.length === 0) throw new MailspoolError('ENOSUPPORT', 'no session can fetch a message by its mark');
  return remote;
}

const isBusy = async (spooler: SpoolerSurface, sessions: readonly SessionKey[]): Promise<boolean> =>
  (await spooler.status()).some(({ id, remoteValidateOk }) => !remoteValidateOk && sessions.includes(id as SessionKey));

async function stillMarked(spooler: SpoolerSurface, sessions: readonly SessionKey[]): Promise<EntryId[]> {
  const left: EntryId[] = [];
  for (const session of sessions) for await (const { id } of spooler.list({ direction: 'inbound', session, marked: true })) left.push(id);
  return left;
}
