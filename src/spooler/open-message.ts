// A message opened by a client: a new one that is written until it is submitted, or a submitted one to read (M-025,
// M-027, M-030).
import { MailspoolError } from '../errors.ts';
import type { EntryId } from '../message/recipient.ts';
import type { Message } from '../message/message.ts';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { OpenMessage, SubmitReceipt } from './contract.ts';

type Submit = (message: SubmitMessage, options?: SubmitOptions) => Promise<SubmitReceipt>;

/** A new message. It stays usable when submit rejects, and is dead once it succeeded. */
export class Draft implements OpenMessage {
  readonly access = 'write';
  readonly #submit: Submit;
  #fields: SubmitMessage = {};
  #closed = false;

  constructor(submit: Submit) {
    this.#submit = submit;
  }

  get message(): Message {
    const { subject } = this.#fields;
    return { ...blank, properties: { ...this.#fields.properties, ...(subject !== undefined && { subject }) } };
  }

  saveChanges(changes: SubmitMessage): Promise<void> {
    this.#check();
    this.#fields = { ...this.#fields, ...changes };
    return Promise.resolve();
  }

  async submit(options?: SubmitOptions): Promise<SubmitReceipt> {
    this.#check();
    const receipt = await this.#submit(this.#fields, options);
    this.#closed = true;
    return receipt;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #check(): void {
    if (this.#closed) throw new MailspoolError('EINVALIDOBJECT', 'the message was submitted or closed; open it anew');
  }
}

const blank: Message = {
  id: '' as EntryId,
  direction: 'outbound',
  folder: '',
  properties: {},
  recipients: [],
  returnPath: null,
  sizeBytes: 0,
  priority: 0,
  report: {},
  afterSend: {},
  guarantee: 'atLeastOnce',
  onUnknown: 'resend',
};

/** A stored message. @throws ESUBMITTED, ENOACCESS for write access to what is submitted */
export function openStored(message: Message, access: 'read' | 'write' | 'best'): OpenMessage {
  const locked = message.recipients.some(({ status }) => status.state === 'claimed');
  if (locked) throw new MailspoolError('ENOACCESS', `${message.id} is being handed over`);
  if (access === 'write') throw new MailspoolError('ESUBMITTED', `${message.id} is submitted and cannot be changed`);
  const refuse = (): Promise<never> => Promise.reject(new MailspoolError('ENOACCESS', `${message.id} is open for reading`));
  return { access: 'read', message, saveChanges: refuse, submit: refuse, [Symbol.asyncDispose]: () => Promise.resolve() };
}
