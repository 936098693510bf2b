import { loopback } from 'mailspool/providers/loopback';
import type { Preprocessor, SpoolerSupport } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { collect, note, world } from './world.ts';

const preprocessor = (name: string, preprocess: Preprocessor['preprocess'], rest: Partial<Preprocessor> = {}): Preprocessor => ({
  name,
  preprocess,
  ...rest,
});
const registering = (name: string, types: readonly string[], own: readonly Preprocessor[]) =>
  loopback({ name, addressTypes: types, logon: (support: SpoolerSupport) => own.forEach((one) => support.registerPreprocessor(one)) });

test('M-049 a message is flagged until its preprocessors ran; what they change goes out', async () => {
  const flags: unknown[] = [];
  const { spooler, clock, provider, events } = await world({
    preprocessors: [
      preprocessor('disclaimer', async (message) => {
        flags.push(message.submitState?.preprocess);
        const text = Buffer.from(await message.content.bytes()).toString();
        await message.setContent(Buffer.from(`${text}-- \r\nHarbour office\r\n`));
      }),
    ],
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(flags).toEqual([true]);
  expect(Buffer.from(provider.handedOver[0]?.bytes ?? []).toString()).toMatch(/Harbour office\r\n$/);
  expect((await spooler.get(id))?.submitState).toEqual({ locked: false, preprocess: false });
  expect(events.map(({ type }) => type)).toContain('preprocessed');
});

test('M-049 a crash while preprocessing repeats it as a whole: nothing is half-written', async () => {
  let runs = 0;
  let stuck: (() => void) | undefined;
  const own = preprocessor('slow', async (message) => {
    runs += 1;
    message.setProperties({ subject: `run ${runs}` });
    if (runs === 1) await new Promise<void>((resolve) => (stuck = resolve));
  });
  const first = await world({ preprocessors: [own] });
  const { id } = await first.spooler.submit(note());
  await first.clock.settle();
  first.store.crash();
  stuck?.();
  const again = await world({ preprocessors: [own], store: first.store.sharing(), clock: first.clock });
  await again.clock.advance('1m');
  expect(runs).toBe(2);
  expect((await again.spooler.get(id))?.properties.subject).toBe('run 2');
  expect(again.provider.handedOver).toHaveLength(1);
});

test('M-050 a selector matches by type or by UID; without one every recipient matches', async () => {
  const ran: string[] = [];
  const log = (name: string) => async () => void ran.push(name);
  const { spooler, clock } = await world({
    providers: [loopback({ addressTypes: null })],
    preprocessors: [
      preprocessor('fax', log('fax'), { match: { type: 'FAX' } }),
      preprocessor('uid', log('uid'), { match: { type: 'X', uid: 'uid-1' } }),
      preprocessor('all', log('all')),
    ],
  });
  await spooler.submit(note());
  await clock.settle();
  expect(ran.splice(0)).toEqual(['all']);
  await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '1', uid: 'uid-1' }] }));
  await clock.settle();
  expect(ran).toEqual(['fax', 'uid', 'all']);
});

test('M-051 a preprocessor is not run if an earlier transport takes the message', async () => {
  const ran: string[] = [];
  const first = registering('first', ['SMTP'], []);
  const second = registering('second', ['SMTP', 'FAX'], [preprocessor('second', async () => void ran.push('second'))]);
  const { spooler, clock } = await world({ providers: [first, second] });
  await spooler.submit(note());
  await clock.settle();
  expect(ran).toEqual([]);
  await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '1' }] }));
  await clock.settle();
  expect(ran).toEqual(['second']);
});

test('M-052 several run in transport order, each awaited, and nothing is handed over before all have settled', async () => {
  const log: string[] = [];
  const slow = (name: string) =>
    preprocessor(name, async () => {
      log.push(`${name} begins`);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      log.push(`${name} ends`);
    });
  const a = loopback({
    name: 'a',
    addressTypes: null,
    logon: (support) => [slow('a1'), slow('a2')].forEach((one) => support.registerPreprocessor(one)),
    transfer: () => void log.push('handed over'),
  });
  const b = registering('b', ['FAX'], [slow('b1')]);
  const { spooler, clock } = await world({ providers: [b, a], preprocessors: [slow('own')] });
  await spooler.submit(
    note([], {
      recipients: [
        { type: 'FAX', address: '1' },
        { type: 'SMTP', address: 'bob@harbour.example' },
      ],
    }),
  );
  await clock.settle();
  expect(log.slice(0, 8)).toEqual(['own', 'b1', 'a1', 'a2'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(log[8]).toBe('handed over');
});

test('M-053 extra messages are submitted, and a message without recipients is suppressed', async () => {
  const { spooler, clock, provider } = await world({
    preprocessors: [
      preprocessor('split', async (message) => {
        if (message.properties.subject !== 'Berth 7') return;
        message.setRecipients([]);
        message.setAfterSend({ delete: true });
        return { messages: [note('copy@harbour.example', { subject: 'Copy' })] };
      }),
    ],
  });
  const { id } = await spooler.submit(note());
  await clock.advance('1m');
  expect(provider.handedOver.map(({ recipients }) => recipients[0]?.address)).toEqual(['copy@harbour.example']);
  expect(await spooler.get(id)).toBeUndefined();
});

test('X-016 a message that a preprocessor adds cannot read files', async () => {
  const { spooler, clock, provider } = await world({
    preprocessors: [preprocessor('leak', async () => ({ messages: [note('eve@harbour.example', { attachments: [{ path: '/etc/hostname' }] })] }))],
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(provider.handedOver).toEqual([]);
  expect((await spooler.get(id))?.recipients[0]?.last?.code).toBe('EPREPROCESS');
});

test('M-054 recipients that a preprocessor calls undeliverable get non-delivery reports', async () => {
  const { spooler, clock, provider, states } = await world({
    preprocessors: [
      preprocessor('policy', async ({ recipients }) => ({
        undeliverable: recipients
          .filter(({ address }) => address.startsWith('cleo'))
          .map(({ id }) => ({ recipient: id, diagnostic: { code: 'EPREPROCESS', text: 'left the harbour', enhancedCode: '5.1.6' } })),
      })),
    ],
  });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'failed' });
  expect(provider.handedOver[0]?.recipients).toHaveLength(1);
  const [report] = await collect(spooler.list({ direction: 'inbound' }));
  expect(report?.properties.messageClass).toBe('REPORT.IPM.Note.NDR');
});

test('M-043 M-055 cleanup runs after sending, only if preprocessed, before hooks and the filing of the sent copy', async () => {
  const log: string[] = [];
  const { spooler, clock } = await world({
    preprocessors: [
      preprocessor('temporary', async () => undefined, {
        match: { type: 'SMTP' },
        cleanup: async ({ folder }) => void log.push(`cleanup in ${folder}`),
      }),
    ],
    postprocessors: [{ name: 'hook', outbound: async ({ folder }) => void log.push(`hook in ${folder}`) }],
    loopback: { addressTypes: null, transfer: () => void log.push('sent') },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(log).toEqual(['sent', 'cleanup in Outbox', 'hook in Outbox']);
  expect((await spooler.get(id))?.folder).toBe('Sent');
  await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '1' }] }));
  await clock.settle();
  expect(log.slice(3)).toEqual(['sent', 'hook in Outbox']);
});

test('M-103 outbound postprocessors run in order: the last move wins, stop skips the rest and the default', async () => {
  const ran: string[] = [];
  const hook = (name: string) => (ran.push(name), { moveTo: name });
  const { spooler, clock } = await world({
    postprocessors: [
      { name: 'one', outbound: async () => hook('One') },
      { name: 'two', outbound: async ({ properties }) => ({ ...hook('Two'), ...(properties.subject === 'Stop' && { stop: true }) }) },
      { name: 'three', outbound: async () => hook('Three') },
    ],
  });
  const all = await spooler.submit(note());
  await clock.settle();
  expect(ran.splice(0)).toEqual(['One', 'Two', 'Three']);
  expect((await spooler.get(all.id))?.folder).toBe('Three');
  const stopped = await spooler.submit(note('bob@harbour.example', { subject: 'Stop' }));
  await clock.settle();
  expect(ran).toEqual(['One', 'Two']);
  expect((await spooler.get(stopped.id))?.folder).toBe('Two');
});

test('M-103 whoever stops without a wish of its own leaves what hooks before it wished, and nothing of the default', async () => {
  const { spooler, clock } = await world({
    postprocessors: [
      { name: 'move', outbound: async ({ properties }) => (properties.subject === 'Move' ? { moveTo: 'Moved' } : undefined) },
      { name: 'stop', outbound: async () => ({ stop: true }) },
      { name: 'late', outbound: async () => ({ moveTo: 'Late' }) },
    ],
  });
  const moved = await spooler.submit(note('bob@harbour.example', { subject: 'Move' }));
  const left = await spooler.submit(note());
  await clock.settle();
  expect([(await spooler.get(moved.id))?.folder, (await spooler.get(left.id))?.folder]).toEqual(['Moved', 'Outbox']);
});

test('M-103 so it is with inbound postprocessors, before the filing; those for the other direction do not run', async () => {
  const ran: string[] = [];
  const hook = (name: string) => (ran.push(name), { moveTo: name });
  const { spooler, clock, provider } = await world({
    postprocessors: [
      { name: 'one', inbound: async () => hook('One') },
      { name: 'two', inbound: async ({ properties }) => ({ ...hook('Two'), ...(properties.subject === 'Stop' && { stop: true }) }) },
      { name: 'out', outbound: async () => hook('Out') },
      { name: 'three', inbound: async () => hook('Three') },
    ],
  });
  const folders = async () => (await collect(spooler.list({ direction: 'inbound' }))).map(({ folder }) => folder);
  provider.push('Subject: Go\r\n\r\n');
  await clock.settle();
  expect(ran.splice(0)).toEqual(['One', 'Two', 'Three']);
  provider.push('Subject: Stop\r\n\r\n');
  await clock.settle();
  expect(ran.splice(0)).toEqual(['One', 'Two']);
  expect(await folders()).toEqual(['Three', 'Two']);
});

test('a preprocessor may hold a message, and release lets it go', async () => {
  let hold = true;
  const { spooler, clock, provider, states } = await world({
    preprocessors: [preprocessor('review', async () => (hold ? { hold: { reason: 'needs a second pair of eyes' } } : undefined))],
  });
  const { id } = await spooler.submit(note());
  await clock.advance('1h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'held' });
  expect((await spooler.explain(id))[0]?.sentence).toContain('needs a second pair of eyes');
  hold = false;
  await spooler.release(id);
  await clock.settle();
  expect(provider.handedOver).toHaveLength(1);
});
