// A consumer in TypeScript: only the types are looked at.
import { createSpooler, embeddedStore, type EntryId, type SendResult, type Spooler } from 'mailspool';
import { TransportError, type TransportProvider } from 'mailspool/provider';
import { imap } from 'mailspool/providers/imap';
import { loopback } from 'mailspool/providers/loopback';
import { smtp } from 'mailspool/providers/smtp';
import { virtualTime } from 'mailspool/testing';

const mine: TransportProvider = {
  name: 'mine',
  logon: async () => ({
    addressTypes: ['MINE'],
    submitMessage: async () => {
      throw new TransportError('ENETWORK', 'nobody is there', { outcome: 'notSent', retryAfterMs: 1000 });
    },
  }),
};

export async function program(): Promise<SendResult> {
  const spooler: Spooler = await createSpooler({
    clock: virtualTime(),
    store: embeddedStore({ directory: './spool' }),
    providers: [smtp('smtp://127.0.0.1:2525'), imap('imap://ann:secret@127.0.0.1:1143'), loopback(), mine],
  });
  const { id }: { id: EntryId } = await spooler.submit({ to: 'bob@example.org', text: 'Hi' });
  // @ts-expect-error a cursor is no entry id
  await spooler.get('somewhere');
  return spooler.settled(id);
}
