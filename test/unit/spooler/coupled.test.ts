import { loopback } from 'mailspool/providers/loopback';
import { expect, test } from 'vitest';
import type { Preprocessor, Postprocessor } from '../../../src/index.ts';
import { nextTurn } from '../../../src/time/turn.ts';
import { postOffice, type PostOfficeOptions } from './post-office.ts';
import { newStore } from './stores.ts';
import { collect, note, world, type WorldOptions } from './world.ts';

async function coupled(options: Partial<WorldOptions> = {}, office: PostOfficeOptions = {}) {
  const { store, ...rest } = postOffice(newStore(), office);
  return { ...(await world({ ...options, store })), office: rest };
}

/** Which hooks saw which subject. */
function hooks(): { postprocessors: Postprocessor[]; seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    postprocessors: [
      {
        name: 'log',
        inbound: async ({ recipients }) => void seen.push(`in ${recipients.map(({ address }) => address).join()}`),
        outbound: async ({ recipients }) => void seen.push(`out ${recipients.map(({ address }) => address).join()}`),
      },
    ],
  };
}

const turns = async () => {
  for (let n = 0; n < 50; n += 1) await nextTurn();
};

function resolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

const cara = { type: 'HOUSE', address: 'cara' };
const dana = { type: 'HOUSE', address: 'dana' };
const inHouse = (...recipients: { type: string; address: string }[]) => note([], { recipients });

test('M-109 what a coupled store carries bypasses the spooler: nobody claims it, no session and no outbound hook sees it', async () => {
  const { postprocessors, seen } = hooks();
  const { spooler, clock, provider, office } = await coupled({ postprocessors, loopback: { addressTypes: ['SMTP', 'HOUSE'] } });
  const { id } = await spooler.submit(inHouse(cara, dana));
  const result = await spooler.settled(id);
  await clock.settle();
  expect(result.accepted).toEqual(['cara', 'dana']);
  expect(await spooler.get(id)).toMatchObject({
    folder: 'Sent',
    recipients: [{ status: { state: 'delivered' } }, { status: { state: 'delivered' } }],
  });
  expect(office.claimed).not.toContain(id);
  expect(provider.handedOver).toEqual([]);
  expect(seen).toEqual(['in cara,dana']);
});

test('M-109 a bypassed message is deleted where its sender wants that', async () => {
  const { spooler, clock } = await coupled();
  const { id } = await spooler.submit(inHouse(cara), { afterSend: { delete: true } });
  await clock.settle();
  expect(await spooler.get(id)).toBeUndefined();
  expect((await collect(spooler.list())).map(({ folder }) => folder)).toEqual(['Inbox']);
});

test('M-109 of a message for both, the spooler sends what is left over, to nobody else, and files it', async () => {
  const { spooler, clock, provider, states, office } = await coupled({ loopback: { addressTypes: ['SMTP', 'HOUSE'] } });
  const { id } = await spooler.submit(inHouse(cara, { type: 'SMTP', address: 'bob@harbour.example' }));
  expect((await spooler.get(id))?.recipients[0]?.status.state).toBe('delivered');
  await clock.settle();
  expect(provider.handedOver.map(({ recipients }) => recipients.map(({ address }) => address))).toEqual([['bob@harbour.example']]);
  expect(await states(id)).toEqual({ cara: 'delivered', 'bob@harbour.example': 'relayed' });
  expect((await spooler.get(id))?.folder).toBe('Sent');
  expect(office.claimed).toContain(id);
});

test('M-109 a message that needs preprocessing goes through the spooler first, and the store then delivers what it became', async () => {
  const { postprocessors, seen } = hooks();
  const stamp: Preprocessor = {
    name: 'stamp',
    preprocess: async (message) => message.setProperties({ ...message.properties, subject: 'stamped' }),
    cleanup: async () => void seen.push('cleanup'),
  };
  const { spooler, clock, states, office, provider } = await coupled({ postprocessors, preprocessors: [stamp] });
  const { id } = await spooler.submit(inHouse(cara, { type: 'SMTP', address: 'bob@harbour.example' }));
  await clock.settle();
  expect(await states(id)).toEqual({ cara: 'delivered', 'bob@harbour.example': 'relayed' });
  expect(provider.handedOver).toHaveLength(1);
  const inbox = (await collect(spooler.list())).filter(({ direction }) => direction === 'inbound');
  expect(inbox.map(({ properties, recipients }) => [properties.subject, recipients[0]?.address])).toEqual([['stamped', 'cara']]);
  expect(seen.toSorted()).toEqual(['cleanup', 'in cara', 'out cara,bob@harbour.example']);
  expect(await Promise.all(office.said)).toContain('newMailReceived');
});

test('M-109 completeMessage: a store that handled everybody has the spooler clean up, call the outbound hooks and file', async () => {
  const gate = resolvers();
  const seen: string[] = [];
  const postprocessors: Postprocessor[] = [
    {
      name: 'slow',
      outbound: async ({ recipients }) => {
        await gate.promise;
        seen.push(`out ${recipients.map(({ address }) => address).join()}`);
      },
    },
  ];
  const { spooler, office } = await coupled({ postprocessors }, { completes: true });
  const { id } = await spooler.submit(inHouse(cara, dana));
  void Promise.all(office.said).then((said) => seen.push(...said));
  await turns();
  expect(seen).toEqual([]);
  expect((await spooler.get(id))?.folder).toBe('Outbox');
  gate.resolve();
  await Promise.all(office.said);
  expect(seen).toEqual(['out cara,dana', 'newMailReceived', 'completeMessage']);
  expect((await spooler.get(id))?.folder).toBe('Sent');
  await office.support().completeMessage(id);
  expect(seen).toHaveLength(3);
});

test('M-109 completeMessage after preprocessing, and only then, cleans up', async () => {
  const cleaned: string[] = [];
  const stamp: Preprocessor = { name: 'stamp', preprocess: async () => undefined, cleanup: async ({ id }) => void cleaned.push(id) };
  const { spooler, clock, office } = await coupled({ preprocessors: [stamp] });
  const { id } = await spooler.submit(inHouse(cara));
  await clock.settle();
  expect(await Promise.all(office.said)).toContain('completeMessage');
  expect(cleaned).toEqual([id]);
  expect((await spooler.get(id))?.folder).toBe('Sent');
});

test('M-109 completeMessage is refused while a recipient waits, for received mail, and for what is not there', async () => {
  const { spooler, office } = await coupled({ start: false });
  const { id } = await spooler.submit(inHouse(cara), { sendAt: { afterMs: 1000 } });
  await expect(office.support().completeMessage(id)).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await expect(office.support().completeMessage('nothing' as never)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('M-109 newMailReceived: the inbound hooks see it, notifyNewMail files and announces it, and then the store hears of it', async () => {
  const gate = resolvers();
  const order: string[] = [];
  const hold: Postprocessor = {
    name: 'hold',
    inbound: async () => {
      await gate.promise;
      order.push('hook');
      return { moveTo: 'Crew' };
    },
  };
  const { spooler, clock, office } = await coupled({ postprocessors: [hold] });
  const announced: string[] = [];
  spooler.newMail$.subscribe(({ folder }) => announced.push(folder));
  await spooler.submit(inHouse(cara));
  void office.said[0]?.then((what) => order.push(what));
  await turns();
  expect(order).toEqual([]);
  gate.resolve();
  expect(await Promise.all(office.said)).toEqual(['newMailReceived']);
  expect(order).toEqual(['hook', 'newMailReceived']);
  await clock.settle();
  expect(announced).toEqual(['Crew']);
  const [mail] = (await collect(spooler.list())).filter(({ direction }) => direction === 'inbound');
  await office.support().spoolerNotify({ type: 'newMailReceived', entryId: mail?.id as never });
  expect(order).toHaveLength(2);
});

test('M-109 what the store cannot deliver now waits, and is offered to it again; a deferred send time is kept', async () => {
  let isClosed = true;
  const { spooler, clock, states, provider } = await coupled({}, { closed: () => isClosed });
  const now = await spooler.submit(inHouse(cara));
  const later = await spooler.submit(inHouse(dana), { sendAt: { afterMs: 3_600_000 } });
  await clock.advance('10m');
  expect([await states(now.id), await states(later.id)]).toEqual([{ cara: 'deferred' }, { dana: 'queued' }]);
  isClosed = false;
  await clock.advance('2m');
  expect([await states(now.id), await states(later.id)]).toEqual([{ cara: 'delivered' }, { dana: 'queued' }]);
  await clock.advance('50m');
  expect(await states(later.id)).toEqual({ dana: 'delivered' });
  expect(provider.handedOver).toEqual([]);
});

test('M-109 a message that was submitted twice under one key is delivered once', async () => {
  const { spooler, clock } = await coupled();
  const first = await spooler.submit(inHouse(cara), { idempotencyKey: 'k' });
  const second = await spooler.submit(inHouse(cara), { idempotencyKey: 'k' });
  await clock.settle();
  expect([second.id, second.existing]).toEqual([first.id, true]);
  expect(await collect(spooler.list())).toHaveLength(2);
});

test('M-034 readyToSend settles only when every session is logged on and has told its address types', async () => {
  const slow = resolvers();
  const inner = loopback({ name: 'slow' });
  const provider = {
    name: 'slow',
    logon: async (...args: Parameters<typeof inner.logon>) => {
      await slow.promise;
      return await inner.logon(...args);
    },
  };
  const { spooler, office } = await coupled({ providers: [loopback(), provider], start: false });
  let isReady = false;
  const asked = office
    .support()
    .spoolerNotify({ type: 'readyToSend' })
    .then(() => (isReady = true));
  await turns();
  expect(isReady).toBe(false);
  await spooler.start();
  await turns();
  expect(isReady).toBe(false);
  slow.resolve();
  await asked;
  await office.support().spoolerNotify({ type: 'readyToSend' });
});

test('M-034 a coupled store announces itself once for each session of its own, before the first resend', async () => {
  const { store, ...office } = postOffice(newStore());
  const { spooler, clock, provider } = await world({ store, start: false });
  const news: string[] = [];
  const { spoolerNotify } = office.support();
  Object.assign(office.support(), { spoolerNotify: async (one: never) => (news.push((one as { type: string }).type), await spoolerNotify(one)) });
  const resend = inHouse({ type: 'SMTP', address: 'bob@harbour.example' }, cara);
  const again = {
    ...resend,
    recipients: [
      { ...cara, submitted: true as const },
      { type: 'SMTP', address: 'bob@harbour.example', kind: 'p1' as const },
    ],
  };
  await spooler.submit(inHouse({ type: 'SMTP', address: 'bob@harbour.example' }));
  expect(news).toEqual([]);
  const submitting = [spooler.submit(again), spooler.submit(again)];
  await turns();
  expect(await collect(spooler.list())).toHaveLength(1);
  await spooler.start();
  const ids = await Promise.all(submitting);
  await clock.settle();
  expect(new Set(ids.map(({ id }) => id)).size).toBe(2);
  expect(provider.handedOver).toHaveLength(3);
  expect(news.filter((type) => type === 'readyToSend')).toHaveLength(1);
});

test('M-034 whoever waits to be ready hears of it when the spooler stops', async () => {
  const { spooler, office } = await coupled({ start: false });
  const asked = expect(office.support().spoolerNotify({ type: 'readyToSend' })).rejects.toMatchObject({ code: 'ESTOPPED' });
  await spooler.stop();
  await asked;
});

test('M-089 senders are role-checked: a store may send readyToSend and newMailReceived, a transport all but newMailReceived', async () => {
  let told: unknown;
  const provider = {
    name: 'forward',
    logon: async (support: { spoolerNotify(news: never): void }) => {
      try {
        support.spoolerNotify({ type: 'newMailReceived', entryId: 'x' } as never);
      } catch (error) {
        told = error;
      }
      return { addressTypes: ['SMTP'] };
    },
  };
  const { office } = await coupled({ providers: [provider] });
  expect(told).toMatchObject({ code: 'EUNKNOWNFLAGS' });
  for (const type of ['newMail', 'configChange', 'enterCritical', 'leaveCritical', 'sentDeferred', 'criticalError'])
    await expect(office.support().spoolerNotify({ type } as never)).rejects.toMatchObject({ code: 'EUNKNOWNFLAGS' });
  await office.support().spoolerNotify({ type: 'readyToSend' });
});

test('M-089 a store without a transport of its own has no mail of its own to tell of', async () => {
  const store = newStore();
  let support: Parameters<typeof store.open>[0] | undefined;
  const open = store.open.bind(store);
  store.open = async (given) => await open((support = given));
  const { spooler } = await world({ store });
  const { id } = await spooler.submit(note());
  await expect(support?.spoolerNotify({ type: 'newMailReceived', entryId: id })).rejects.toMatchObject({ code: 'ENOACCESS' });
  await expect(support?.completeMessage(id)).rejects.toMatchObject({ code: 'ENOACCESS' });
  await support?.spoolerNotify({ type: 'readyToSend' });
});
