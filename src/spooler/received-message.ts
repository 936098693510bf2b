// The message that a provider fills while it receives; nothing remains of it without saveChanges (M-081, M-082).
import { MailspoolError } from '../errors.ts';
import { searchKey } from '../message/address-type.ts';
import { inboundProperties, type InboundProperties } from '../message/inbound-properties.ts';
import { type Bytes, defaultMessageClass, folders, type MessageProperties } from '../message/message.ts';
import type { Recipient, RecipientInput } from '../message/recipient.ts';
import type { InboundMessage, Remote, Wanted } from '../provider/transport-session.ts';
import { reportClass } from '../reports/report-class.ts';
import type { ContentRef, MessageStore } from '../store/message-store.ts';
import { type OwnTnef, ReceivedTnef } from './received-tnef.ts';
import type { Session } from './session.ts';
import { sectionPrefix, type SessionSupport } from './support.ts';

const inlineBytes = 64 * 1024;
/** So much of the beginning is looked at for headers. */
const headerBytes = 256 * 1024;

export interface ReceivedMessageParts {
  readonly store: MessageStore;
  readonly session: Session;
  readonly support: SessionSupport;
  /** How much of it is to come over, or which message and what to do with it. */
  readonly wanted: Wanted & Partial<Remote>;
  readonly receiveFolders: Readonly<Record<string, string>>;
  /** Bytes arrived: the provider is alive. */
  progress(): void;
}

export class ReceivedMessage implements InboundMessage {
  reference = '1';
  readonly wanted: Wanted & Partial<Remote>;
  /** It was saved, or met a reference that is known: there may be more (M-081). */
  goesOn = false;
  readonly #parts: ReceivedMessageParts;
  readonly #aliases = new Set<string>();
  #content: ContentRef | { readonly inline: Uint8Array } | undefined;
  #head: Uint8Array = new Uint8Array();
  #tnef: OwnTnef | undefined;
  #properties: MessageProperties = {};
  #recipients: readonly RecipientInput[] | undefined;
  #named = false;
  #revoked = false;

  constructor(parts: ReceivedMessageParts) {
    this.#parts = parts;
    this.wanted = parts.wanted;
  }

  async setReference(reference: string, aliases: readonly string[] = []): Promise<'new' | 'headersOnly' | 'alreadyReceived'> {
    this.#check();
    if (reference === '') throw new MailspoolError('EINVALID', 'a reference must not be empty', { field: 'reference' });
    this.reference = reference;
    this.#named = true;
    for (const alias of aliases) this.#aliases.add(alias);
    const known = await this.#parts.store.received(this.#parts.session.key, [reference, ...this.#aliases]);
    this.#check();
    this.#parts.progress();
    if (known.size === 0) return 'new';
    this.goesOn = true;
    return (await this.#isHeadersOnly(known)) ? 'headersOnly' : 'alreadyReceived';
  }

  /** What the first of its names that is known stands for. */
  async #isHeadersOnly(known: ReadonlySet<string>): Promise<boolean> {
    const name = [this.reference, ...this.#aliases].find((each) => known.has(each)) ?? this.reference;
    const headers = await this.#parts.store.headersOnly(this.#parts.session.key, [name]);
    this.#check();
    return headers.has(name);
  }

  async setContent(source: Bytes, { tnef = false }: Parameters<InboundMessage['setContent']>[1] = {}): Promise<void> {
    this.#check();
    const received = tnef ? new ReceivedTnef(this.#parts.store, this.#parts.support.logger) : undefined;
    const stored = source instanceof Uint8Array ? await this.#whole(source, received) : await this.#streamed(source, received);
    this.#check();
    this.#tnef = await received?.own(stored);
    this.#check();
    this.#content = this.#tnef ? await this.#whole(this.#tnef.content) : stored;
    this.#check();
  }

  setProperties(properties: MessageProperties): void {
    this.#check();
    this.#properties = { ...this.#properties, ...properties };
  }

  setRecipients(recipients: readonly RecipientInput[]): void {
    this.#check();
    this.#recipients = recipients;
  }

  async saveChanges(options: Parameters<InboundMessage['saveChanges']>[0] = {}): Promise<'saved' | 'alreadyReceived'> {
    this.#check();
    const { announce = true, section, headersOnly = false, sizeBytes } = options;
    const { store, session, support } = this.#parts;
    if (!this.#named) throw new MailspoolError('EINVALID', 'call setReference before saveChanges', { field: 'reference' });
    if (!this.#content) throw new MailspoolError('EINVALID', 'call setContent before saveChanges', { field: 'content' });
    if (section && !section.key.startsWith(sectionPrefix(session.key))) {
      throw new MailspoolError('ENOACCESS', `profile section ${section.key} belongs to another session`, { field: 'section' });
    }
    const parsed = this.#parsed();
    const said = { messageClass: defaultMessageClass, ...parsed.properties };
    const properties: MessageProperties = { ...said, messageClass: reportClass(said.messageClass, this.#head), ...this.#properties };
    const [received] = await store.receive([
      {
        session: session.key,
        reference: this.reference,
        aliases: [...this.#aliases],
        content: this.#content,
        properties,
        returnPath: parsed.returnPath,
        recipients: this.#recipients ? oneOffs(this.#recipients) : parsed.recipients,
        folder: receiveFolder(properties.messageClass ?? defaultMessageClass, this.#parts.receiveFolders),
        announce,
        ...(session.account.scope !== undefined && { account: session.account.scope }),
        ...(headersOnly && { headersOnly, ...(sizeBytes !== undefined && { sizeBytes }) }),
        ...(parsed.report && { report: parsed.report }),
        ...(section && { section: { ...section, version: 0 } }),
      },
    ]);
    this.goesOn = true;
    // It is written for a known message, too.
    if (section) support.sectionSaved(section.key, section.values);
    return received?.result === 'stored' ? 'saved' : 'alreadyReceived';
  }

  /** What the headers say, and what only TNEF said beside them: the class, where the headers know none but the common one (M-048). */
  #parsed(): InboundProperties {
    const parsed = inboundProperties(this.#head);
    if (!this.#tnef) return parsed;
    const { properties, recipients } = this.#tnef;
    const own = parsed.properties.messageClass === defaultMessageClass ? properties.messageClass : undefined;
    return {
      ...parsed,
      properties: { ...properties, ...parsed.properties, ...(own !== undefined && { messageClass: own }) },
      recipients: parsed.recipients.length > 0 ? parsed.recipients : oneOffs(recipients.map(({ status: _status, ...recipient }) => recipient)),
    };
  }

  /** The call is over (M-082). */
  revoke(): void {
    this.#revoked = true;
  }

  async #whole(bytes: Uint8Array, tnef?: ReceivedTnef): Promise<ContentRef | { readonly inline: Uint8Array }> {
    tnef?.see(bytes);
    this.#head = bytes.subarray(0, headerBytes);
    this.#parts.progress();
    return bytes.byteLength <= inlineBytes ? { inline: new Uint8Array(bytes) } : await this.#parts.store.putContent(once(bytes));
  }

  /** Small messages are kept until they are saved, large ones go to the store as they come. */
  async #streamed(source: AsyncIterable<Uint8Array>, tnef: ReceivedTnef | undefined): Promise<ContentRef | { readonly inline: Uint8Array }> {
    const iterator = this.#watched(source, tnef)[Symbol.asyncIterator]();
    const first: Uint8Array[] = [];
    let size = 0;
    while (size <= headerBytes) {
      const { done, value } = await iterator.next();
      if (done) break;
      first.push(value);
      size += value.byteLength;
    }
    const begin = Buffer.concat(first);
    this.#head = begin.subarray(0, headerBytes);
    if (size <= inlineBytes) return { inline: begin };
    return await this.#parts.store.putContent(joined(begin, iterator));
  }

  async *#watched(source: AsyncIterable<Uint8Array>, tnef: ReceivedTnef | undefined): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#check();
      tnef?.see(chunk);
      this.#parts.progress();
      yield chunk;
    }
  }

  #check(): void {
    if (this.#revoked) throw new MailspoolError('EINVALIDOBJECT', 'the call that this message was for has ended');
  }
}

/** The folder for a class: exact, else the nearest parent, else the inbox (M-083). */
export function receiveFolder(messageClass: string, byClass: Readonly<Record<string, string>>): string {
  const wanted = new Map(Object.entries(byClass).map(([key, folder]) => [key.toUpperCase(), folder]));
  for (let name = messageClass.toUpperCase(); name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const folder = wanted.get(name);
    if (folder !== undefined) return folder;
  }
  return wanted.get('') ?? folders.inbox;
}

/** Complete addressing; what is unknown becomes a one-off (M-084). */
function oneOffs(recipients: readonly RecipientInput[]): Recipient[] {
  const rows = recipients.map((recipient, index): Recipient => {
    if ('list' in recipient) throw new MailspoolError('EINVALID', 'a received message has addresses, not lists', { field: 'recipients' });
    return { ...recipient, kind: recipient.kind ?? 'to', id: index + 1 };
  });
  return [...new Map(rows.map((row) => [searchKey(row), row])).values()];
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let step = await rest.next(); !step.done; step = await rest.next()) yield step.value;
}
