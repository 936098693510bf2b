import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { nodemailerTransport } from '../../../src/index.ts';
import { note, world } from './world.ts';

test('a program’s nodemailer transport points at the spool: sendMail resolves at durable acceptance', async () => {
  const { spooler, clock, provider } = await world();
  await spooler.suspend();
  const transport = createTransport(nodemailerTransport(spooler), { from: 'office@harbour.example' });
  const info = await transport.sendMail({ to: ['bob@harbour.example', 'Cleo <cleo@harbour.example>'], subject: 'Berth 7', text: 'x' });
  expect(info).toMatchObject({
    accepted: ['bob@harbour.example', 'cleo@harbour.example'],
    rejected: [],
    envelope: { from: 'office@harbour.example' },
  });
  expect(provider.handedOver).toHaveLength(0);
  await spooler.resume();
  await clock.settle();
  expect(provider.handedOver[0]).toMatchObject({ entryId: info.id });
  expect(Buffer.from(provider.handedOver[0]?.bytes ?? []).toString()).toContain(info.messageId);
});

test('what the spool refuses, sendMail rejects with the same code', async () => {
  const { spooler } = await world();
  const transport = createTransport(nodemailerTransport(spooler));
  await expect(transport.sendMail({ from: 'ann@harbour.example', subject: 'no one' })).rejects.toMatchObject({ code: 'ENORECIPIENTS' });
});

test('nodemailer’s dsn asks for reports', async () => {
  const { spooler } = await world({ start: false });
  const { id } = await spooler.submit(note('bob@harbour.example', { dsn: { id: 'berth-7', return: 'headers', notify: ['success', 'delay'] } }));
  expect(await spooler.get(id)).toMatchObject({
    envelopeId: 'berth-7',
    report: { delivery: true, nonDelivery: false, delay: true, returns: 'headers' },
  });
});
