import { createSpooler, embeddedStore } from 'mailspool';
import { loopback } from 'mailspool/providers/loopback';

const spooler = await createSpooler({
  store: embeddedStore({ directory: './spool' }), // on disk, survives kill -9
  providers: [loopback({ deliver: true })], // what is sent comes back
});
try {
  await spooler.start();
  const arrived = new Promise((resolve) => spooler.newMail$.subscribe(resolve));
  const { id } = await spooler.submit({ from: 'ann@example.org', to: 'bob@example.org', subject: 'Hello', text: 'It works.' });
  console.log('accepted:', (await spooler.settled(id)).accepted);
  console.log('new mail in', (await arrived).folder);
} finally {
  await spooler.stop();
}
