// `cancel`, `reschedule`, `retry`, `hold`, `release`, `purge`, `resolve`, `clone`: changing the course of mail.
import { MailspoolError } from '../../../errors.ts';
import type { EntryId } from '../../../message/recipient.ts';
import type { SendAt } from '../../../message/submit-message.ts';
import type { CancelResult } from '../../../spooler/contract.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { dateTime } from '../rendering/quantities.ts';
import { type FilterFlags, filterOf, found } from './queue.ts';

export async function cancel(context: Context, ids: readonly EntryId[]): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const results: ({ id: EntryId } & CancelResult)[] = [];
    for (const id of ids) await found(spooler, id);
    for (const id of ids) {
      const result = { id, ...(await spooler.cancel(id)) };
      results.push(result);
      context.output.line(cancelText(context, result));
    }
    context.output.document(results);
    return results.every(({ result }) => result === 'cancelled') ? 0 : 5;
  });
}

function cancelText({ output }: Context, result: { id: EntryId } & CancelResult): string {
  switch (result.result) {
    case 'cancelled':
      return `${output.paint('good', 'cancelled')}  ${result.id}`;
    case 'tooLate':
      return `${output.paint('bad', 'too late')}  ${result.id}  ${result.reason === 'inProgress' ? 'it is being handed over' : 'it is not in the outgoing queue'}`;
    case 'partial':
      return `${output.paint('waiting', 'in part')}  ${result.id}  ${result.cancelled.length} cancelled, too late for ${result.tooLate.length}`;
  }
}

/** Not before another time than was said. */
export async function reschedule(context: Context, id: EntryId, flags: { readonly at?: Date; readonly after?: number }): Promise<ExitCode> {
  if ((flags.at === undefined) === (flags.after === undefined)) {
    throw new MailspoolError('EINVALID', 'reschedule needs a time: either --at or --after', {
      field: 'at',
      remedy: 'Write --after 0s to send it now.',
    });
  }
  const sendAt: SendAt = flags.at === undefined ? { afterMs: flags.after ?? 0 } : flags.at.getTime();
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const { output, terminal } = context;
    const { result } = await spooler.reschedule(id, sendAt);
    output.document({ id, result });
    const at = typeof sendAt === 'number' ? sendAt : terminal.clock.now() + (flags.after ?? 0);
    if (result === 'rescheduled') output.line(`${output.paint('good', 'rescheduled')}  ${id}  not before ${dateTime(at)}`);
    else output.line(`${output.paint('bad', 'too late')}  ${id}`);
    return result === 'rescheduled' ? 0 : 5;
  });
}

const words = {
  retry: { done: 'queued again', would: 'would retry', remark: 'the next `mailspool run` sends them.' },
  hold: { done: 'held', would: 'would hold', remark: undefined },
  release: { done: 'released', would: 'would release', remark: 'the next `mailspool run` sends them.' },
  purge: { done: 'purged', would: 'would purge', remark: undefined },
} as const;

export interface BulkFlags extends FilterFlags {
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** Messages by identifier, by filter, or both. */
export async function bulk(context: Context, verb: keyof typeof words, ids: readonly EntryId[], flags: BulkFlags): Promise<ExitCode> {
  const filter = filterOf(flags);
  if (ids.length === 0 && Object.keys(filter).length === 0) {
    throw new MailspoolError('EINVALID', `${verb} needs identifiers or a filter`, {
      field: 'id',
      remedy: 'Name messages, or give --state failed, --recipient and the like.',
    });
  }
  const { dryRun = false, reason } = flags;
  return await context.withSpooler<ExitCode>({}, async ({ spooler, local }) => {
    const { output } = context;
    for (const id of ids) await found(spooler, id);
    const options = { ...(dryRun && { dryRun }), ...(reason !== undefined && { reason }) };
    const result = await spooler[verb](ids.length === 0 ? filter : { ...filter, ids }, options);
    const { done, would, remark } = words[verb];
    output.document(result);
    for (const id of result.changed) output.line(`${output.paint('good', dryRun ? would : done)}  ${id}`);
    for (const id of result.unchanged) output.line(`${output.paint('faint', 'unchanged')}  ${id}`);
    if (result.changed.length === 0 && result.unchanged.length === 0) output.remark('No messages.');
    if (local !== undefined && remark !== undefined && result.changed.length > 0) output.remark(`No spooler is running on this store; ${remark}`);
    return 0;
  });
}

const verdicts = ['accepted', 'rejected', 'notSent'] as const;

/** A person's word on recipients of whom nobody knows whether they got it. */
export async function resolve(context: Context, id: EntryId, word: string, flags: { readonly recipient?: string }): Promise<ExitCode> {
  const verdict = verdicts.find((each) => each.toLowerCase() === word.toLowerCase());
  if (verdict === undefined)
    throw new MailspoolError('EINVALID', `${JSON.stringify(word)} is no verdict`, { field: 'verdict', remedy: `Write ${verdicts.join(', ')}.` });
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const { output } = context;
    const { recipients } = await found(spooler, id);
    const wanted = flags.recipient?.toLowerCase();
    const uncertain = recipients.filter(
      ({ address, status }) => status.state === 'uncertain' && (wanted ?? address.toLowerCase()) === address.toLowerCase(),
    );
    if (uncertain.length === 0) {
      throw new MailspoolError('ENOTINQUEUE', `${id} has no such recipient who is uncertain`, {
        field: 'recipient',
        remedy: '`mailspool explain` says where each recipient is.',
      });
    }
    for (const recipient of uncertain) {
      await spooler.resolve(id, recipient.id, verdict);
      output.line(`${output.paint('good', verdict)}  ${recipient.address}`);
    }
    output.document({ id, verdict, recipients: uncertain.map(({ address }) => address) });
    return 0;
  });
}

/** A new message from the bytes of an old one. */
export async function clone(context: Context, id: EntryId, flags: { readonly to?: readonly string[] }): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler, local }) => {
    const { output } = context;
    const changes = flags.to === undefined ? {} : { recipients: flags.to.map((address) => ({ type: 'SMTP', address })) };
    const receipt = await spooler.clone(id, changes);
    output.document(receipt);
    output.line(`${output.paint('good', 'queued')}  ${receipt.id}  a copy of ${id}`);
    if (local !== undefined) output.remark('No spooler is running on this store; the next `mailspool run` sends it.');
    return 0;
  });
}
