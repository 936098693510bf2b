// Undo send: submit with a delay, and cancel within it. The message is on disk from the first moment; what is not
// cancelled leaves when its time has come. Time is moved by hand here, so that nobody waits.
import { createSpooler, memoryStore, type EntryId } from 'mailspool';
import { loopback } from 'mailspool/providers/loopback';
import { virtualTime } from 'mailspool/testing';

const clock = virtualTime();
const spooler = await createSpooler({ clock, store: memoryStore({ clock }), providers: [loopback()] });

const send = (to: string) => spooler.submit({ from: 'ann@example.org', to, subject: 'Hi', text: 'Hi' }, { sendAt: { afterMs: 10_000 } });
const tell = async (id: EntryId) => {
  for (const { address, status } of (await spooler.settled(id)).recipients) console.log(`${address}: ${status.state}`);
};

try {
  await spooler.start();
  const regretted = await send('bob@example.org');
  const meant = await send('carol@example.org');
  await clock.advance(9_999);
  await spooler.cancel(regretted.id);
  await tell(regretted.id);
  await clock.advance(1);
  await tell(meant.id);
} finally {
  await spooler.stop();
}
