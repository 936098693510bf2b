// `mailspool mailslot …`: slots and writers at the prompt. A slot lives as long as the command that created it.
import {
  formatMailslotName,
  type MailslotAddress,
  mailslotHost,
  type MailslotHost,
  type MailslotMessage,
  parseMailslotName,
} from 'mailspool/providers/mailslot';
import { isMailspoolError, MailspoolError } from '../../../errors.ts';
import { hostSettings, type MailslotFlags } from '../../mailslots/host-settings.ts';
import { notPassedOn, passedOnSlot, type PassedOnSlot, passOn } from '../../mailslots/owner-channel.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';
import { dateTime, duration, size, timeOfDay } from '../rendering/quantities.ts';
import { Interrupts } from '../signals.ts';

export interface CreateFlags extends MailslotFlags {
  readonly maxSize?: number;
  readonly access?: 'owner' | 'group' | 'everyone';
  readonly timeout?: number;
  readonly follow?: boolean;
  readonly private?: boolean;
}

/** Resolves when it is interrupted. */
export async function create(context: Context, name: string, flags: CreateFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output, terminal } = context;
  const { host, place } = await computer(context, flags);
  await using _host = host;
  await using slot = await host.createMailslot(localName(name), {
    ...(flags.maxSize === undefined ? {} : { maxMessageSize: flags.maxSize }),
    ...(flags.access === undefined ? {} : { access: flags.access }),
    ...(flags.timeout === undefined ? {} : { readTimeout: flags.timeout }),
  });
  await using _channel = flags.private === true ? undefined : await passOn(slot, place(slot.address), terminal.clock);
  const shown = formatMailslotName(slot.address);
  output.record({ type: 'created', name: shown, pid: process.pid });
  output.line(`${output.paint('name', printable(shown))} is there until this command ends. In another terminal:`);
  output.line(`  mailspool mailslot write ${printable(slot.address.path.join('/'))} "Tea is ready"`);
  if (flags.follow !== true && flags.private !== true) output.line(`  mailspool mailslot read ${printable(slot.address.path.join('/'))}`);
  if (flags.follow === true) return await shownUntil(context, interrupts.signal, async (signal) => await slot.read({ signal }));
  await interrupts.next();
  return 0;
}

export async function write(
  context: Context,
  name: string,
  text: string | undefined,
  flags: MailslotFlags & { readonly lines?: boolean },
): Promise<ExitCode> {
  const { output, terminal } = context;
  const { host } = await computer(context, flags);
  await using _host = host;
  await using writer = await host.openMailslot(localName(name));
  const messages = flags.lines === true ? linesOf(terminal.stdin) : [text === undefined || text === '-' ? await whole(terminal.stdin) : text];
  const shown = printable(formatMailslotName(writer.address));
  for await (const message of messages) {
    const written = await writer.write(message);
    output.record({ type: 'written', name: formatMailslotName(writer.address), ...written });
    output.line(
      `${size(written.bytes)} ${written.outcome === 'stored' ? `stored in ${shown}` : `handed to the network for ${shown}; nobody says whether it arrives`}`,
    );
  }
  return 0;
}

export async function read(context: Context, name: string, flags: MailslotFlags & { readonly timeout?: number }): Promise<ExitCode> {
  using interrupts = new Interrupts();
  await using slot = await owned(context, name, flags);
  const message = await slot.read({ timeoutMs: flags.timeout, signal: interrupts.signal });
  const { output } = context;
  output.document(message === undefined ? null : described(message));
  if (message === undefined) output.remark('No message came.');
  else if (output.isTerminal) output.line(lineFor(context, message));
  else if (!output.json) await output.bytes(message.data);
  return message === undefined ? 4 : 0;
}

/** Resolves when it is interrupted, or the slot is gone. */
export async function tail(context: Context, name: string, flags: MailslotFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  await using slot = await owned(context, name, flags);
  const gone = new AbortController();
  void slot.gone.then(() => gone.abort(new MailspoolError('EINVALIDOBJECT', 'the slot is gone')));
  const code = await shownUntil(
    context,
    AbortSignal.any([interrupts.signal, gone.signal]),
    async (signal) => await slot.read({ timeoutMs: foreverMs, signal }),
  );
  if (gone.signal.aborted) context.output.remark(`${localName(name)} is gone.`);
  return code;
}

export async function info(context: Context, name: string, flags: MailslotFlags): Promise<ExitCode> {
  await using slot = await owned(context, name, flags);
  const { createdAt, pid, maxMessageSize, nextMessageSize, messageCount, readTimeout, dropped } = await slot.info();
  const { output } = context;
  const shown = formatMailslotName(parseMailslotName(localName(name)));
  output.document({ name: shown, pid, createdAt, maxMessageSize, nextMessageSize, messageCount, readTimeout, dropped });
  output.pairs([
    ['Slot', { text: printable(shown), tone: 'name' }],
    ['Owner', `process ${pid}, since ${dateTime(createdAt.getTime())}`],
    [
      'Waiting',
      `${messageCount} ${messageCount === 1 ? 'message' : 'messages'}${nextMessageSize === undefined ? '' : `, the next has ${size(nextMessageSize)}`}`,
    ],
    ['Largest', maxMessageSize === 0 ? 'any size' : size(maxMessageSize)],
    ['A read waits', readTimeout === 'forever' ? 'for ever' : duration(readTimeout)],
    ...(dropped === 0 ? [] : [['Dropped', `${dropped} datagrams that found no room`] as const]),
  ]);
  return 0;
}

/** A day: what follows asks again. */
const foreverMs = 86_400_000;

/** Each message as it comes, until the signal aborts. */
async function shownUntil(
  context: Context,
  signal: AbortSignal,
  next: (signal: AbortSignal) => Promise<MailslotMessage | undefined>,
): Promise<ExitCode> {
  const { output } = context;
  while (!signal.aborted) {
    const message = await next(signal).catch((error: unknown) => {
      if (signal.aborted || isGone(error)) return 'over' as const;
      throw error;
    });
    if (message === 'over') return 0;
    if (message === undefined) continue;
    output.record({ type: 'message', ...described(message) });
    output.line(lineFor(context, message));
  }
  return 0;
}

const isGone = (error: unknown): boolean => isMailspoolError(error) && (error.code === 'EINVALIDOBJECT' || error.code === 'ECONNECTION');

function lineFor({ output }: Context, { receivedAt, data, datagram }: MailslotMessage): string {
  const from =
    datagram === undefined ? 'this computer' : `${datagram.host} ${datagram.address}${datagram.keyId === undefined ? '' : ` key ${datagram.keyId}`}`;
  const time = output.paint('faint', timeOfDay(receivedAt));
  return `${time}  ${output.paint('name', printable(from))}  ${printable(
    Buffer.from(data)
      .toString()
      .replace(/\r?\n$/, ''),
  )}`;
}

function described({ data, receivedAt, via, datagram }: MailslotMessage): object {
  const bytes = Buffer.from(data);
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes);
  return {
    receivedAt: new Date(receivedAt),
    via,
    ...(datagram && { datagram }),
    bytes: bytes.length,
    ...(isText ? { text } : {}),
    data: bytes.toString('base64'),
  };
}

interface Computer {
  readonly host: MailslotHost;
  place(address: MailslotAddress): Parameters<typeof passedOnSlot>[0];
}

async function computer(context: Context, flags: MailslotFlags): Promise<Computer> {
  const settings = hostSettings((await context.configuration()).settingsOf('mailslot'), flags);
  const host = mailslotHost(settings);
  return { host, place: ({ path }) => ({ directory: settings.directory, path, environment: context.terminal.env }) };
}

/** @throws ENOTFOUND, or ENOACCESS where its owner keeps the slot for itself */
async function owned(context: Context, name: string, flags: MailslotFlags): Promise<PassedOnSlot> {
  const { host, place } = await computer(context, flags);
  await using _host = host;
  const address = parseMailslotName(localName(name));
  if (address.scope !== 'local')
    throw new MailspoolError('EINVALID', `${name} is on another computer, and only its owner reads a slot`, {
      field: 'name',
      remedy: 'Read it there.',
    });
  const slot = await passedOnSlot(place(address));
  if (slot) return slot;
  // Says ENOTFOUND where there is none at all.
  await (await host.openMailslot(address)).close();
  throw notPassedOn(formatMailslotName(address));
}

/** `notices` and `taxes/bob` are slots of this computer; shells eat backslashes, so slashes may lean either way. */
const localName = (name: string): string => (/^[\\/]{2}/.test(name) ? name : `\\\\.\\mailslot\\${name}`);

async function whole(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest;
}
