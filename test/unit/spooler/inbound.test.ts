import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type InboundMessage, type SpoolerSupport, type TransportProvider } from 'mailspool/provider';
import { expect, test, vi } from 'vitest';
import { receiveFolder } from '../../../src/spooler/received-message.ts';
import { collect, world, type World } from './world.ts';

const mail = (subject: string) =>
  `From: cleo@harbour.example\r\nTo: ann@harbour.example\r\nMessage-ID: <${subject}@harbour.example>\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
const inbox = async ({ spooler }: Pick<World, 'spooler'>) => await collect(spooler.list({ direction: 'inbound' }));
const subjects = async (own: Pick<World, 'spooler'>) => (await inbox(own)).map(({ properties }) => properties.subject);

test('M-078 a poll that says true leads to startMessage; a session that neither polls nor notifies only sends', async () => {
  const { spooler, clock, provider } = await world({ loopback: { reception: 'poll', limits: { pollIntervalMs: 60_000 } } });
  provider.push(mail('one'));
  await clock.advance('59s');
  expect(await subjects({ spooler })).toEqual([]);
  await clock.advance('2s');
  expect(await subjects({ spooler })).toEqual(['one']);
  const asked = vi.fn(async () => true);
  const mute: TransportProvider = {
    name: 'mute',
    logon: async () => ({ addressTypes: ['SMTP'], reception: 'none', poll: asked, startMessage: async () => void (await asked()) }),
  };
  const sending = await world({ providers: [mute] });
  await sending.clock.advance('1h');
  expect(asked).not.toHaveBeenCalled();
});

test('M-079 newMail is ignored while inbound is off', async () => {
  const own = await world();
  await own.spooler.suspend();
  own.provider.push(mail('one'));
  await own.clock.advance('1h');
  expect(await inbox(own)).toEqual([]);
  await own.spooler.resume();
  await own.clock.advance('10m');
  expect(await subjects(own)).toEqual(['one']);
});

test('M-079 what was told while inbound was off, or behind a gate, is fetched as soon as that is over', async () => {
  const own = await world();
  await own.spooler.setOffline(true);
  own.provider.push(mail('offline'));
  await own.clock.advance('1m');
  await own.spooler.setOffline(false);
  await own.clock.settle();
  expect(await subjects(own)).toEqual(['offline']);
  const [session] = own.provider.sessions;
  session?.support.updateStatus({ gate: { reason: 'throttled', until: own.clock.now() + 20_000 } }, { merge: true });
  await own.clock.settle();
  own.provider.push(mail('throttled'));
  await own.clock.advance('19s');
  expect(await subjects(own)).toEqual(['offline']);
  await own.clock.advance('2s');
  expect(await subjects(own)).toEqual(['offline', 'throttled']);
});

test('M-080 newMail returns at once, and ten thousand of them are one round', async () => {
  let calls = 0;
  let support: SpoolerSupport | undefined;
  const provider: TransportProvider = {
    name: 'noisy',
    logon: async (own) => {
      support = own;
      return {
        addressTypes: [''],
        reception: 'notify',
        startMessage: async () => {
          calls += 1;
        },
      };
    },
  };
  const { clock } = await world({ providers: [provider] });
  calls = 0;
  for (let n = 0; n < 10_000; n += 1) support?.spoolerNotify({ type: 'newMail' });
  expect(calls).toBe(0);
  await clock.settle();
  expect(calls).toBe(1);
});

test('M-080 a session that floods does not starve the others', async () => {
  let support: SpoolerSupport | undefined;
  let flooded = 0;
  const flood: TransportProvider = {
    name: 'flood',
    logon: async (own) => {
      support = own;
      return {
        addressTypes: [''],
        reception: 'notify',
        startMessage: async (message: InboundMessage) => {
          flooded += 1;
          await message.setReference(`flood-${flooded}`);
          await message.setContent(Buffer.from(mail(`flood-${flooded}`)));
          await message.saveChanges();
          support?.spoolerNotify({ type: 'newMail' });
        },
      };
    },
  };
  const calm = loopback();
  const { spooler } = await world({ providers: [flood, calm], start: false });
  await spooler.start();
  const arrived = new Promise<number>((resolve) =>
    spooler.newMail$.subscribe(({ session }) => {
      if (session === 'loopback') resolve(flooded);
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  calm.push(mail('calm'));
  expect(await arrived).toBeLessThan(2_000);
  await spooler.stop({ drainMs: 0 });
});

test('M-081 saveChanges commits one message; resolving without it leaves no trace and ends the round', async () => {
  let calls = 0;
  const provider: TransportProvider = {
    name: 'three',
    logon: async () => ({
      addressTypes: [''],
      reception: 'poll',
      poll: async () => true,
      startMessage: async (message: InboundMessage) => {
        calls += 1;
        await message.setReference(`r${calls}`);
        await message.setContent(Buffer.from(mail(`m${calls}`)));
        if (calls !== 3) await message.saveChanges();
      },
    }),
  };
  const own = await world({ providers: [provider] });
  await own.clock.settle();
  expect(calls).toBe(3);
  expect(await subjects(own)).toEqual(['m1', 'm2']);
});

test('M-082 a rejected startMessage saves nothing, and the handle dies with the call', async () => {
  let kept: InboundMessage | undefined;
  let fails = true;
  const provider: TransportProvider = {
    name: 'failing',
    logon: async () => ({
      addressTypes: [''],
      reception: 'poll',
      poll: async () => fails,
      startMessage: async (message: InboundMessage) => {
        kept = message;
        await message.setReference('r1');
        await message.setContent(Buffer.from(mail('m1')));
        throw new TransportError('ENETWORK', 'lost the line');
      },
    }),
  };
  const own = await world({ providers: [provider] });
  await own.clock.settle();
  fails = false;
  expect(await inbox(own)).toEqual([]);
  await expect(kept?.saveChanges()).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  expect(await own.store.received('failing' as never, ['r1'])).toEqual(new Set());
});

test('M-083 the folder is by class: exact, else the nearest parent, else the inbox', () => {
  const folders = { 'IPM.Note': 'Notes', 'IPM.Note.Signed': 'Signed', REPORT: 'Reports' };
  expect(receiveFolder('IPM.Note.Signed', folders)).toBe('Signed');
  expect(receiveFolder('ipm.note.encrypted.deep', folders)).toBe('Notes');
  expect(receiveFolder('REPORT.IPM.Note.NDR', folders)).toBe('Reports');
  expect(receiveFolder('IPM.Appointment', folders)).toBe('Inbox');
});

test('M-084 unknown recipients become one-offs with complete addressing', async () => {
  const own = await world();
  own.provider.push(mail('one'), {
    recipients: [
      { type: 'smtp', address: 'Ann@Harbour.example' },
      { type: 'SMTP', address: 'ann@harbour.example', name: 'Ann' },
    ],
  });
  await own.clock.settle();
  expect((await inbox(own))[0]?.recipients).toHaveLength(1);
});

test('M-085 after the save come hooks, then the final folder, then the news with id, folder and class', async () => {
  const log: string[] = [];
  const own = await world({
    postprocessors: [
      {
        name: 'sort',
        inbound: async ({ properties, session, reference }) => (
          log.push(`hook ${properties.subject} ${session} ${reference}`),
          { moveTo: 'Harbour' }
        ),
      },
      { name: 'drop', inbound: async ({ properties }) => (properties.subject === 'spam' ? { delete: true } : undefined) },
    ],
  });
  own.spooler.newMail$.subscribe(({ folder, messageClass, session, id }) => log.push(`news ${folder} ${messageClass} ${session} ${typeof id}`));
  await own.clock.settle();
  own.provider.push(mail('one'), { reference: 'r1' });
  own.provider.push(mail('spam'), { reference: 'r2' });
  await own.clock.settle();
  expect(log.toSorted()).toEqual(['hook one loopback r1', 'hook spam loopback r2', 'news Harbour IPM.Note loopback string']);
  expect(log.indexOf('hook one loopback r1')).toBeLessThan(log.findIndex((line) => line.startsWith('news')));
  expect((await inbox(own)).map(({ folder }) => folder)).toEqual(['Harbour']);
});

test('a reference is received once, also over a restart, and an alias counts as the same', async () => {
  const first = await world();
  first.provider.push(mail('one'), { reference: 'r1', aliases: ['digest-1'] });
  await first.clock.settle();
  await first.spooler.stop();
  const again = await world({ store: first.store.sharing(), clock: first.clock });
  again.provider.push(mail('one'), { reference: 'r1' });
  again.provider.push(mail('one'), { reference: 'other', aliases: ['digest-1'] });
  again.provider.push(mail('two'), { reference: 'r2' });
  await again.clock.settle();
  expect(await subjects(again)).toEqual(['one', 'two']);
  expect(again.provider.acknowledged).toEqual(['r1', 'other', 'r2']);
});

test('a client that was away catches up by its cursor', async () => {
  const first = await world();
  const live: string[] = [];
  let cursor: unknown;
  first.spooler.newMail$.subscribe((news) => {
    live.push(news.id);
    cursor ??= news.cursor;
  });
  await first.clock.settle();
  for (const name of ['one', 'two', 'three']) {
    first.provider.push(mail(name));
    await first.clock.settle();
  }
  await first.spooler.stop();
  const again = await world({ store: first.store.sharing(), clock: first.clock });
  const missed: string[] = [];
  const done = new AbortController();
  const reading = (async () => {
    for await (const change of again.spooler.changes({ after: cursor as never, signal: done.signal })) {
      if (change.type === 'newMail') missed.push(change.id);
    }
  })();
  await again.clock.settle();
  done.abort();
  await reading;
  expect(missed).toEqual(live.slice(1));
});

test('M-079 news of mail lead to startMessage even where a poll that is due at the same time sees nothing', async () => {
  let support: SpoolerSupport | undefined;
  let calls = 0;
  const provider: TransportProvider = {
    name: 'blind',
    logon: async (own) => {
      support = own;
      return {
        addressTypes: [''],
        reception: 'notify',
        limits: { pollIntervalMs: 60_000 },
        poll: async () => false,
        startMessage: async () => void (calls += 1),
      };
    },
  };
  const { clock } = await world({ providers: [provider] });
  await clock.advance('30s');
  expect(calls).toBe(0);
  clock.jump('31s');
  support?.spoolerNotify({ type: 'newMail' });
  await clock.settle();
  expect(calls).toBe(1);
});

test('U-061 one message that cannot be received ends the turn, but not before those beside it are done', async () => {
  let finish = (): void => undefined;
  let calls = 0;
  const provider: TransportProvider = {
    name: 'wide',
    logon: async () => ({
      addressTypes: [''],
      limits: { inbound: 2 },
      poll: async () => calls === 0,
      startMessage: async (message: InboundMessage) => {
        calls += 1;
        if (calls === 1) throw new TransportError('ENETWORK', 'lost the line');
        await message.setReference('r2');
        await message.setContent(Buffer.from(mail('two')));
        await new Promise<void>((resolve) => (finish = resolve));
        await message.saveChanges();
      },
    }),
  };
  const own = await world({ providers: [provider] });
  const stopping = own.spooler.stop();
  await own.clock.advance('1s');
  finish();
  await own.clock.settle();
  expect(await stopping).toMatchObject({ complete: true });
  const again = await world({ store: own.store.sharing(), clock: own.clock, start: false });
  expect(await subjects(again)).toEqual(['two']);
});
