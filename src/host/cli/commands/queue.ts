// `list`, `show`, `explain`: looking at mail in the store.
import { MailspoolError } from '../../../errors.ts';
import type { Message } from '../../../message/message.ts';
import type { EntryId, StateName } from '../../../message/recipient.ts';
import type { MessageFilter } from '../../../store/message-store.ts';
import type { SpoolerSurface } from '../../control/surface.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import {
  addressText,
  explanationText,
  messageColumns,
  messageRow,
  recipientColumns,
  recipientRow,
  senderText,
  toneOfState,
} from '../rendering/messages.ts';
import { printableJson, printableLines } from '../rendering/printable.ts';
import { dateTime, size } from '../rendering/quantities.ts';

export interface FilterFlags {
  readonly state?: readonly StateName[];
  readonly folder?: string;
  readonly recipient?: string;
  readonly account?: string;
  readonly inbound?: boolean;
  readonly outbound?: boolean;
  readonly headers?: boolean;
  readonly marked?: boolean;
}

export const filterOf = ({ state, folder, recipient, account, inbound, outbound, headers, marked }: FilterFlags): MessageFilter => ({
  ...(state === undefined ? {} : { states: state }),
  ...(folder === undefined ? {} : { folder }),
  ...(recipient === undefined ? {} : { recipient }),
  ...(account === undefined ? {} : { account }),
  ...(inbound === outbound ? {} : { direction: inbound === true ? 'inbound' : 'outbound' }),
  ...(headers === true && { headersOnly: true }),
  ...(marked === true && { marked: true }),
});

/** So many rows share column widths. */
const pageRows = 500;

export async function list(context: Context, flags: FilterFlags & { readonly limit?: number }): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const limit = flags.limit === undefined || flags.limit === 0 ? Number.POSITIVE_INFINITY : flags.limit;
    const messages = limited(spooler.list(filterOf(flags)), limit);
    await (context.output.json ? listAsJson(context, messages) : listAsTable(context, messages));
    return 0;
  });
}

async function* limited(messages: AsyncIterable<Message>, limit: number): AsyncGenerator<Message> {
  let left = limit;
  for await (const message of messages) {
    if (left-- <= 0) return;
    yield message;
  }
}

/** One array, an element on each line, written as it comes. */
async function listAsJson({ output }: Context, messages: AsyncIterable<Message>): Promise<void> {
  let before = '[\n';
  for await (const message of messages) {
    await output.bytes(`${before}${printableJson(message)}`);
    before = ',\n';
  }
  await output.bytes(before === '[\n' ? '[]\n' : '\n]\n');
}

async function listAsTable({ output }: Context, messages: AsyncIterable<Message>): Promise<void> {
  let rows: ReturnType<typeof messageRow>[] = [];
  let shown = 0;
  const flush = () => {
    if (rows.length > 0) output.table(messageColumns, rows);
    shown += rows.length;
    rows = [];
  };
  for await (const message of messages) if (rows.push(messageRow(message)) === pageRows) flush();
  flush();
  if (shown === 0) output.remark('No messages.');
}

export async function show(context: Context, id: EntryId, flags: { readonly raw?: boolean }): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    if (flags.raw === true) return await showRaw(context, spooler, id);
    const message = await found(spooler, id);
    context.output.document(message);
    showMessage(context, message);
    return 0;
  });
}

/** @throws ENOTFOUND */
export async function found(spooler: SpoolerSurface, id: EntryId): Promise<Message> {
  const message = await spooler.get(id);
  if (message === undefined)
    throw new MailspoolError('ENOTFOUND', `there is no message ${id}`, { field: 'id', remedy: '`mailspool list` shows the identifiers.' });
  return message;
}

/** Exact bytes for a program; on a terminal the same text with its escapes shown. */
async function showRaw({ output, terminal }: Context, spooler: SpoolerSurface, id: EntryId): Promise<ExitCode> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of await spooler.raw(id)) {
    if (terminal.stdout.isTTY !== true) await output.bytes(chunk as Uint8Array);
    else {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) await output.bytes(printableLines(`${lines.join('\n')}\n`));
    }
  }
  if (rest !== '') await output.bytes(`${printableLines(rest)}\n`);
  return 0;
}

function showMessage({ output }: Context, message: Message): void {
  const { id, direction, folder, properties, submitTime, sizeBytes, priority, account, recipients, headersOnly, mark } = message;
  const at = submitTime ?? properties.deliveryTime;
  output.pairs([
    ['Message', id],
    ['Subject', properties.subject],
    ['From', senderText(message)],
    [
      'To',
      recipients
        .filter(({ kind }) => kind !== 'p1')
        .map((recipient) => addressText(recipient))
        .join(', '),
    ],
    ['Message-ID', properties.messageId],
    [direction === 'outbound' ? 'Submitted' : 'Received', at === undefined ? undefined : dateTime(at)],
    ['Not before', properties.deferredDeliveryAt === undefined ? undefined : dateTime(properties.deferredDeliveryAt)],
    ['Expires', properties.expiresAt === undefined ? undefined : dateTime(properties.expiresAt)],
    ['Folder', folder],
    ['Account', account],
    ['Priority', priority === 0 ? undefined : String(priority)],
    ['Size', size(sizeBytes)],
    ['Here', headersOnly ? 'the headers alone' : undefined],
    ['Mark', mark],
  ]);
  if (direction === 'inbound') return;
  output.line();
  output.table(recipientColumns, recipients.map(recipientRow));
}

export async function explain(context: Context, id: EntryId): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    const { output } = context;
    const explanations = await spooler.explain(id);
    output.document(explanations);
    output.pairs(
      explanations.map((each) => [addressText(each.recipient), { text: explanationText(each), tone: toneOfState(each.recipient.status.state) }]),
    );
    return 0;
  });
}
