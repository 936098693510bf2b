// The smallest provider that sends and receives: mail as .eml files in two directories. Copy this folder, give the
// provider a name and an address type of its own, and replace the four places marked 1 to 4.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MailspoolError, TransportError, type TransportProvider, type TransportSession } from 'mailspool/provider';

export interface TemplateOptions {
  /** Outgoing mail is written here, one file for each hand-over. */
  readonly outbox: string;
  /** Incoming mail is read from here, and moves to `cur` below it once it is saved. */
  readonly inbox: string;
}

/** @throws ECONFIG if a directory is missing */
export function template({ outbox, inbox }: TemplateOptions): TransportProvider {
  // Say early what is wrong with the settings: with a code, the field, and never the value of a password.
  if (!outbox || !inbox)
    throw new MailspoolError('ECONFIG', 'template: outbox and inbox must be directories', { field: outbox ? 'inbox' : 'outbox' });

  return {
    // Part of the session's name in the profile: keep it for ever.
    name: 'template',

    // 1. Log on: connect, check credentials. Whatever is thrown here is shown in the status table and tried again.
    async logon(): Promise<TransportSession> {
      for (const directory of [outbox, inbox, join(inbox, 'cur')]) await mkdir(directory, { recursive: true, mode: 0o700 });

      return {
        addressTypes: ['FILE'],
        limits: { outbound: 4 },

        // 2. Send. One outcome stands for all recipients; return a list if they differ. Nothing is retried here: the
        // spooler does that, when the outcome is `notSent`.
        async submitMessage(message) {
          const [first, last] = [message.recipients[0]?.id, message.recipients.at(-1)?.id];
          const name = `${message.id}.${first === last ? first : `${first}-${last}`}.eml`;
          const draft = join(outbox, `.${name}`);
          try {
            await write(draft, message.content.stream());
            // The point of no return. It throws if the message was cancelled meanwhile: then nothing may be seen of it.
            await message.handingOver();
            await rename(draft, join(outbox, name));
            return { outcome: 'accepted', remoteId: name };
          } catch (error) {
            await rm(draft, { force: true });
            // Whatever it was, it is known that nothing went out.
            const { code = 'ECANCEL', message: text } = error as Error & { code?: string };
            throw new TransportError(code, text, { outcome: 'notSent', cause: error });
          }
        },

        // 3. Is there mail? The spooler asks from time to time. A provider that is told by its server calls
        // `support.spoolerNotify({ type: 'newMail' })` and sets `reception: 'notify'`.
        poll: async () => (await waiting()).length > 0,

        // 4. Receive one message; called again until there is none. The reference names it for ever: with a known one
        // the spooler answers `alreadyReceived`, and all that is left to do is to acknowledge.
        async startMessage(message) {
          const [name] = await waiting();
          if (name === undefined) return;
          if ((await message.setReference(name)) !== 'alreadyReceived') {
            await message.setContent(await readFile(join(inbox, name)));
            await message.saveChanges();
          }
          // Only now is the message on disk at the spooler, and may be taken away here.
          await rename(join(inbox, name), join(inbox, 'cur', name));
        },
      };
    },
  };

  async function write(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const file = await open(path, 'w', 0o600);
    try {
      for await (const chunk of content) await file.appendFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async function waiting(): Promise<string[]> {
    const entries = await readdir(inbox, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.eml') && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  }
}
