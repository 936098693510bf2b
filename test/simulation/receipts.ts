// Received mail whose sender wants to know that it was read: a client reads it, at times twice at once, and what was
// written and sent of it is counted outside.
import type { EntryId, Message } from '../../src/index.ts';
import type { World } from './world.ts';

/** A quarter of the mail asks. */
export const asks = (number: number): boolean => number % 4 === 0;

export const askingHeaders = (number: number): string =>
  `Return-Path: <pilot@sea.example>\r\nMessage-ID: ${identifierOf(number)}\r\nDisposition-Notification-To: <pilot@sea.example>\r\n`;

const identifierOf = (number: number): string => `<in.${number}@sea.example>`;

/** The books of what was told: by the Message-ID that was read, those of the reports. */
export class Receipts {
  /** Announced, and not read yet. */
  readonly unread = new Set<EntryId>();
  /** `markRead` answered that a report is written. */
  readonly answered = new Set<string>();
  readonly #sent = new Map<string, Set<string>>();

  /** The world outside took a report. */
  took(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString();
    const about = /^Original-Message-ID: (<.*>)/m.exec(text)?.[1];
    const own = /^Message-ID: (<.*>)/m.exec(text)?.[1];
    if (about !== undefined && own !== undefined) this.add(about, own);
  }

  /** Also one that is on its way, or nobody took. */
  add(about: string, own: string): void {
    this.#sent.set(about, (this.#sent.get(about) ?? new Set()).add(own));
  }

  writtenOf(about: string): number {
    return this.#sent.get(about)?.size ?? 0;
  }
}

/** The client opens what has come; every other one by two windows. */
export function readAll(world: World): void {
  const { receipts, spooler, process } = world;
  if (!process.alive || !spooler) return;
  let windows = 1;
  for (const id of receipts.unread) {
    receipts.unread.delete(id);
    windows = 3 - windows;
    for (let window = 0; window < windows; window += 1) world.background(read(world, id));
  }
}

async function read({ receipts, spooler, process }: World, id: EntryId): Promise<void> {
  const message = await spooler?.get(id);
  if (!message?.report.read || !process.alive) return;
  const result = await spooler?.markRead(id, 'read', { from: 'ann@harbour.example' });
  if (result?.report === 'written' && message.properties.messageId !== undefined) receipts.answered.add(message.properties.messageId);
}

/** Of what is stored: reports on their way, and received mail that is marked as told. */
export function noteReceipts({ receipts }: World, message: Message, marked: Set<string>): void {
  const { messageId, named, messageClass } = message.properties;
  const about = named?.['originalMessageId'];
  if (messageId === undefined) return;
  if (messageClass?.endsWith('.IPNRN') && typeof about === 'string') receipts.add(about, messageId);
  if (message.receipt) marked.add(messageId);
}

/** What is marked as told has one report, whatever crashed; what is not has none. */
export function inspectReceipts({ checks, receipts, mailboxes }: World, marked: ReadonlySet<string>): void {
  const numbers = mailboxes.flatMap(({ acknowledged }) => [...acknowledged]).filter(asks);
  for (const about of numbers.map(identifierOf)) {
    const written = receipts.writtenOf(about);
    checks.hold('exactly one receipt', written === (marked.has(about) ? 1 : 0), () => `${written} reports were written of ${about}`);
    checks.hold('exactly one receipt', marked.has(about) || !receipts.answered.has(about), () => `${about} was told, and is not marked so`);
  }
}
