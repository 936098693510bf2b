// The catalogue of error codes: what each means and what to do about it. Every error that mailspool throws or
// stores carries one of these codes; docs/reference/errors.md is compared with this file by a test.

/** code → what it means, and the remedy. nodemailer's codes where they exist, MAPI's as E and capitals. */
export const errorCatalogue = {
  // What a caller did
  EINVALID: { means: 'A value that was given is not acceptable.', remedy: 'Correct the field that the message names.' },
  ECONFIG: { means: 'The configuration cannot be used.', remedy: 'Correct the field that the message names.' },
  ENORECIPIENTS: { means: 'The message has no recipient.', remedy: 'Give at least one address in to, cc, bcc or recipients.' },
  EDUPLICATE: { means: 'The idempotency key was already used with another input.', remedy: 'Use a new key for a new message.' },
  ESUBMITTED: { means: 'The message is submitted and can no longer be changed.', remedy: 'Cancel it first, or clone it.' },
  ENOACCESS: { means: 'The object cannot be opened as asked.', remedy: 'Open it for reading, or wait until the spooler is done with it.' },
  EEXIST: { means: 'There is such an object already.', remedy: 'Use another name, or the object that is there.' },
  ENOTFOUND: { means: 'There is no such object.', remedy: 'Check the identifier.' },
  ENOTINQUEUE: { means: 'The message is not in the outgoing queue.', remedy: 'It was sent, or was never submitted.' },
  ENOSUPPORT: { means: 'The object does not support this call.', remedy: 'Look at what it lists as supported.' },
  EUNKNOWNFLAGS: { means: 'A flag is not known.', remedy: 'Use the documented flags.' },
  ETOOLATE: { means: 'The message is already under way.', remedy: 'Wait for its outcome.' },
  ETOOLARGE: { means: 'The content is larger than the limit.', remedy: 'Stream it, or raise the limit.' },
  EBADNETPATH: {
    means: 'A message is longer than a datagram carries.',
    remedy: 'Send at most what the writer allows, or to a slot on this computer.',
  },
  EINSUFFICIENTBUFFER: {
    means: 'The next message is longer than the read allows.',
    remedy: 'Read again and allow as many bytes as the error requires.',
  },
  ESTOPPED: { means: 'The spooler is stopped.', remedy: 'Start it, or create a new one.' },
  // The store
  ESTORE: { means: 'The store could not write or read.', remedy: 'Nothing was changed; free space or repair the disk and try again.' },
  ESTOREVERSION: { means: 'The store was written by a newer version.', remedy: 'Use that version of mailspool or a newer one.' },
  ESTORELOCKED: { means: 'Another process owns the store.', remedy: 'Stop that process, or talk to it through the command line.' },
  ESTOREACCESS: { means: 'Others can read the store.', remedy: 'Make the directory private (chmod 700).' },
  ELEASE: { means: 'The claim on the message was lost.', remedy: 'Another owner has it now; stop working on it.' },
  EUNCERTAIN: { means: 'Whether the message arrived is not known.', remedy: 'Ask the recipient, then resolve or retry.' },
  ECORRUPT: { means: 'Stored content does not match its digest.', remedy: 'The message is set aside; restore it from a backup.' },
  ECONFLICT: { means: 'Somebody else changed the value meanwhile.', remedy: 'Read it again and repeat the change.' },
  // Queues
  EQUEUENOTFOUND: { means: 'There is no such queue.', remedy: 'Create it, or correct the name.' },
  EQUEUENOTAVAILABLE: { means: 'The queue was deleted, or its manager is closed.', remedy: 'Open it anew.' },
  ESHARINGVIOLATION: { means: 'Another handle has the queue open in a way that excludes this one.', remedy: 'Close the other handle first.' },
  EALREADYRECEIVED: { means: 'The message at the cursor was taken meanwhile.', remedy: 'Go on to the next one.' },
  EILLEGALCURSOR: { means: 'The cursor does not stand at a message yet.', remedy: 'Peek the current message first.' },
  ETRANSACTIONUSAGE: { means: 'The queue is not read in transactions.', remedy: 'Read it without one, or make it transactional when it is created.' },
  ETRANSACTIONSEQUENCE: { means: 'The transaction is unknown or over.', remedy: 'Begin a new one.' },
  EQUOTA: { means: 'The messages would take more room than they may.', remedy: 'Receive or purge some, or raise the quota.' },
  // What happens at logon and hand-over
  EVERSION: { means: 'The provider speaks another version of the contract.', remedy: 'Update the provider or mailspool.' },
  EUNCONFIGURED: { means: 'The provider lacks settings.', remedy: 'Configure the account.' },
  EFAILONEPROVIDER: { means: 'This provider cannot be used; its siblings can.', remedy: 'See the cause.' },
  EBUSY: { means: 'The object is busy.', remedy: 'It is tried again later.' },
  ENOTME: { means: 'The provider does not carry this message.', remedy: 'The next matching provider gets it.' },
  EWAIT: { means: 'The provider asks for patience.', remedy: 'It is tried again at the time it named.' },
  ENETWORK: { means: 'The network failed.', remedy: 'It is tried again.' },
  ECANCEL: { means: 'The call was cancelled.', remedy: 'Nothing to do.' },
  EUSERCANCEL: { means: 'The user cancelled.', remedy: 'Nothing to do.' },
  EUNABLETOABORT: { means: 'The message can no longer be stopped.', remedy: 'Wait for its outcome.' },
  EINVALIDOBJECT: { means: 'The object is no longer valid.', remedy: 'It was handed out for one call; open it anew.' },
  ENOROUTE: { means: 'No provider carries this address type.', remedy: 'Add a provider for it, or correct the address.' },
  EEXPIRED: { means: 'The message was not delivered in its lifetime.', remedy: 'Retry it, or clone it.' },
  EFORGOTTEN: { means: 'The provider gave no outcome for the recipient.', remedy: 'Report it to the author of the provider.' },
  EPREPROCESS: { means: 'A preprocessor failed.', remedy: 'See the cause; the message is tried again or held.' },
  EPROVIDER: { means: 'The provider threw an unexpected error.', remedy: 'Report it to the author of the provider.' },
  // Tests
  ENOTFIRED: { means: 'A fault that a test planned for a fake never happened.', remedy: 'Let the client reach its step, or mark it as optional.' },
  // nodemailer's
  ECONNECTION: { means: 'The connection failed or closed.', remedy: 'It is tried again.' },
  ETIMEDOUT: { means: 'The other side did not answer in time.', remedy: 'It is tried again.' },
  ESOCKET: { means: 'The socket failed.', remedy: 'It is tried again.' },
  EDNS: { means: 'The name could not be resolved.', remedy: 'Check the host name.' },
  ETLS: { means: 'TLS could not be established as required.', remedy: 'Check the certificate and the tls options.' },
  EREQUIRETLS: { means: 'The server does not offer the TLS that is required.', remedy: 'Check the server, or relax the policy.' },
  EAUTH: { means: 'The server refused the credentials.', remedy: 'Correct user and password or renew the token.' },
  ENOAUTH: { means: 'The server wants credentials and none are configured.', remedy: 'Configure auth.' },
  EENVELOPE: { means: 'The server refused the sender or a recipient.', remedy: 'See the reply.' },
  EMESSAGE: { means: 'The server refused the message.', remedy: 'See the reply.' },
  EPROTOCOL: { means: 'The server sent something unexpected.', remedy: 'It is tried again.' },
  EMAXSIZE: { means: 'The message is larger than the server takes.', remedy: 'Send it smaller or by another provider.' },
} as const satisfies Record<string, { means: string; remedy: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error with a stable `code` from the catalogue. `remedy` says what to do; `temporary` that trying again may help. */
export class MailspoolError extends Error {
  readonly code: string;
  /** The input field that is wrong, where one is. */
  readonly field?: string;
  readonly temporary: boolean;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; field?: string; temporary?: boolean; remedy?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MailspoolError';
    this.code = code;
    if (options.field !== undefined) this.field = options.field;
    this.temporary = options.temporary ?? false;
    this.#remedy = options.remedy;
  }

  #remedy: string | undefined;

  get remedy(): string {
    return this.#remedy ?? errorCatalogue[this.code as ErrorCode]?.remedy ?? '';
  }
}

/** Works across realms and copies of the package: looks at the shape, not at the class. */
export const isMailspoolError = (error: unknown): error is MailspoolError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in errorCatalogue;

export const assertNever = (value: never): never => {
  throw new TypeError(`unexpected value ${JSON.stringify(value)}`);
};
