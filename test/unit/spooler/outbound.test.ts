import { loopback } from 'mailspool/providers/loopback';
import { seededRandom, virtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import { createSpooler, memoryStore } from '../../../src/index.ts';

test('M-026 a submitted message is handed over and every recipient is relayed', async () => {
  const clock = virtualTime();
  const provider = loopback();
  const spooler = await createSpooler({ clock, random: seededRandom(1), store: memoryStore(), providers: [provider], logger: true });
  await spooler.start();
  const { id } = await spooler.submit({ from: 'ann@harbour.example', to: 'bob@harbour.example', subject: 'Hi', text: 'Hello' });
  await clock.advance('1s');
  const result = await spooler.settled(id);
  expect(result.accepted).toEqual(['bob@harbour.example']);
  await spooler.stop({ drainMs: 0 });
});
