// Headers first: lists what there is, and fetches, deletes or moves what is marked.
import { TransportError, type InboundMessage, type SpoolerSupport, type TransportProvider, type TransportSession } from 'mailspool/provider';
import { virtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import type { EntryId, Mark, Message, SessionKey, ValidateRequest } from '../../../src/index.ts';
import { type LastingStore, newStore } from './stores.ts';
import { collect, world, type World, type WorldOptions } from './world.ts';

const loopbackKey = 'loopback' as SessionKey;
const { signal } = new AbortController();

const mail = (subject: string, body = 'Hello\r\n'): string =>
  `From: cleo@harbour.example\r\nTo: ann@harbour.example\r\nMessage-ID: <${subject}@harbour.example>\r\nSubject: ${subject}\r\n\r\n${body}`;

type Spooled = Pick<World, 'spooler' | 'clock'>;

async function validate({ spooler, clock }: Spooled, request: ValidateRequest, session = loopbackKey): Promise<void> {
  await spooler.statusObject(session).validateState(request, signal);
  await clock.settle();
}

const entries = async ({ spooler }: Spooled): Promise<Message[]> => await collect(spooler.list({ headersOnly: true }));
const whole = async ({ spooler }: Spooled): Promise<(string | undefined)[]> =>
  (await collect(spooler.list({ direction: 'inbound', headersOnly: false }))).map(({ properties }) => properties.subject);
const rowOf = async ({ spooler }: Spooled, id: string = loopbackKey) => (await spooler.status()).find((row) => row.id === id);

/** A world in which nothing comes by itself: mail comes when it is asked for. */
const quietWorld = async (options: WorldOptions & { readonly store?: LastingStore } = {}): Promise<World> =>
  await world({ store: newStore(), loopback: { reception: 'poll', limits: { pollIntervalMs: 365 * 86_400_000 } }, ...options });

/** With the headers of these messages listed. */
async function listed(subjects: readonly string[], options: WorldOptions = {}): Promise<World & { ids: Map<string, EntryId> }> {
  const own = await quietWorld(options);
  for (const subject of subjects) own.provider.push(mail(subject), { reference: subject });
  await validate(own, { refreshHeaders: true });
  const ids = new Map((await entries(own)).map(({ properties, id }) => [properties.subject ?? '', id]));
  return Object.assign(own, { ids });
}

async function mark(own: Spooled & { ids: Map<string, EntryId> }, marks: Record<string, Mark | null>): Promise<void> {
  for (const [subject, wish] of Object.entries(marks)) await own.spooler.mark(own.ids.get(subject) as EntryId, wish);
}

test('M-110 headers first: refreshHeaders lists headers with the size of the whole, and takes nothing from the server', async () => {
  const own = await quietWorld();
  const body = 'x'.repeat(50_000);
  own.provider.push(mail('large', body), { reference: 'r1' });
  await validate(own, { refreshHeaders: true });
  const [entry] = await entries(own);
  expect(entry).toMatchObject({ headersOnly: true, properties: { subject: 'large' }, sizeBytes: Buffer.byteLength(mail('large', body)) });
  expect(Buffer.concat(await collect(await own.spooler.raw(entry?.id as EntryId))).toString()).toBe(mail('large', ''));
  expect(own.provider.waiting).toEqual(['r1']);
  expect(await whole(own)).toEqual([]);
});

test('M-110 headers that are listed again are the same entries, and refreshHeaders clears the marks', async () => {
  const own = await listed(['one', 'two']);
  await mark(own, { one: 'delete', two: 'download' });
  own.provider.push(mail('three'));
  await validate(own, { refreshHeaders: true });
  expect((await entries(own)).map(({ properties, mark: wish }) => [properties.subject, wish])).toEqual([
    ['one', undefined],
    ['two', undefined],
    ['three', undefined],
  ]);
  await validate(own, { processHeaders: true });
  expect(await entries(own)).toHaveLength(3);
});

test('M-110 download completes the message under its id and announces it again; the server hears that it was received', async () => {
  const own = await listed(['one', 'two']);
  const news: string[] = [];
  own.spooler.newMail$.subscribe(({ id }) => news.push(id));
  await own.clock.settle();
  await mark(own, { one: 'download' });
  await validate(own, { processHeaders: true });
  const one = await own.spooler.get(own.ids.get('one') as EntryId);
  expect(one).toMatchObject({ id: own.ids.get('one'), sizeBytes: Buffer.byteLength(mail('one')) });
  expect([one?.headersOnly, one?.mark]).toEqual([undefined, undefined]);
  expect(news).toEqual([own.ids.get('one')]);
  expect(own.provider.acknowledged).toEqual(['one']);
  expect((await entries(own)).map(({ properties }) => properties.subject)).toEqual(['two']);
});

test('M-110 delete takes it from the server and from the list, move fetches it and takes it from the server', async () => {
  const own = await listed(['gone', 'moved', 'left']);
  await mark(own, { gone: 'delete', moved: 'move', left: 'delete' });
  await mark(own, { left: null });
  await validate(own, { processHeaders: true });
  expect(own.provider.waiting).toEqual(['left']);
  expect(await whole(own)).toEqual(['moved']);
  expect((await entries(own)).map(({ properties, mark: wish }) => [properties.subject, wish])).toEqual([['left', undefined]]);
  expect(await collect(own.spooler.list({ marked: true }))).toEqual([]);
  await validate(own, { refreshHeaders: true });
  expect(await entries(own)).toHaveLength(1);
});

test('M-110 a message that is here whole takes no mark', async () => {
  const own = await quietWorld();
  own.provider.push(mail('one'));
  const flushed = own.spooler.flush({ inbound: true });
  await own.clock.settle();
  await flushed;
  const [message] = await collect(own.spooler.list({ direction: 'inbound' }));
  await expect(own.spooler.mark(message?.id as EntryId, 'delete')).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await own.spooler.mark(message?.id as EntryId, null);
});

/** A session whose flush takes the line, and whose calls wait until they are let go. */
function slow(log: string[], more: Partial<TransportSession> = {}) {
  const held: (() => void)[] = [];
  const supports: SpoolerSupport[] = [];
  const provider: TransportProvider = {
    name: 'slow',
    logon: async (support) => {
      supports.push(support);
      return {
        addressTypes: [],
        reception: 'poll',
        remoteAccess: true,
        limits: { pollIntervalMs: 365 * 86_400_000 },
        poll: async () => log.some((line) => line === 'flush'),
        flush: async ({ inbound }) => {
          log.push('flush');
          support.updateStatus({ flags: { inboundFlush: inbound } }, { merge: true });
        },
        startMessage: async (message: InboundMessage) => {
          const { headersOnly, reference, mark: wish } = message.wanted;
          log.push(reference === undefined ? `list ${headersOnly === true}` : `${wish} ${reference}`);
          await new Promise<void>((resolve) => held.push(resolve));
          if (reference !== undefined) return;
          const next = ['a', 'b'][log.filter((line) => line === 'list true').length - 1];
          if (next === undefined) return;
          await message.setReference(next);
          await message.setContent(Buffer.from(mail(next, '')));
          await message.saveChanges({ headersOnly: true });
        },
        ...more,
      };
    },
  };
  const release = async ({ clock }: Spooled): Promise<void> => {
    held.splice(0).forEach((go) => go());
    await clock.settle();
  };
  return { provider, release, supports };
}

test('M-110 validate only sets flags and returns: the line is taken during the flush, and until that has ended nobody may ask again', async () => {
  const log: string[] = [];
  const { provider, release } = slow(log);
  const own = await world({ providers: [provider] });
  const key = 'slow' as SessionKey;
  expect(await rowOf(own, key)).toMatchObject({ remoteValidateOk: true, flags: { remoteAccess: true }, methods: ['validateState', 'flush'] });
  await own.spooler.statusObject(key).validateState({ refreshHeaders: true }, signal);
  expect(await rowOf(own, key)).toMatchObject({ remoteValidateOk: false, flags: { inboundFlush: true } });
  await expect(own.spooler.statusObject(key).validateState({ processHeaders: true }, signal)).rejects.toMatchObject({ code: 'EBUSY' });
  await own.clock.settle();
  expect(log).toEqual(['flush', 'list true']);
  expect(await rowOf(own, key)).toMatchObject({ remoteValidateOk: false });
  for (let call = 0; call < 3; call += 1) await release(own);
  expect(await rowOf(own, key)).toMatchObject({ remoteValidateOk: true, flags: { inboundFlush: false } });
  expect(await entries(own)).toHaveLength(2);
});

test('M-110 what is asked of the headers while a flush is under way comes after it', async () => {
  const log: string[] = [];
  const { provider, release } = slow(log);
  const own = await world({ providers: [provider] });
  const flushed = own.spooler.flush({ inbound: true });
  await own.clock.settle();
  await own.spooler.statusObject('slow' as SessionKey).validateState({ refreshHeaders: true }, signal);
  await own.clock.settle();
  expect(log).toEqual(['flush', 'list false']);
  await release(own);
  await flushed;
  await own.clock.settle();
  expect(log).toEqual(['flush', 'list false', 'flush', 'list true']);
  for (let call = 0; call < 3; call += 1) await release(own);
});

test('M-110 processing asks for one marked message a call and fetches no other mail; abort leaves the rest marked', async () => {
  const log: string[] = [];
  const { provider, release } = slow(log);
  const own = await world({ providers: [provider] });
  const key = 'slow' as SessionKey;
  await validate(own, { refreshHeaders: true }, key);
  for (let call = 0; call < 3; call += 1) await release(own);
  for (const { id } of await entries(own)) await own.spooler.mark(id, 'delete');
  log.length = 0;
  await validate(own, { processHeaders: true }, key);
  expect(log).toEqual(['flush', 'delete a']);
  await validate(own, { abort: true }, key);
  await release(own);
  expect(log).toEqual(['flush', 'delete a']);
  expect(await rowOf(own, key)).toMatchObject({ remoteValidateOk: true });
  expect((await entries(own)).map(({ properties, mark: wish }) => [properties.subject, wish])).toEqual([['b', 'delete']]);
  await validate(own, { processHeaders: true }, key);
  await release(own);
  expect(await entries(own)).toEqual([]);
});

test('M-110 a mark that could not be served stays with a warning, and the others are served', async () => {
  let fails = true;
  const own = await listed(['one', 'two', 'three']);
  const [session] = own.provider.sessions;
  const { startMessage } = session?.session ?? {};
  Object.assign(session?.session ?? {}, {
    startMessage: async (message: InboundMessage, call: AbortSignal) => {
      if (fails && message.wanted.reference === 'one') throw new TransportError('ENETWORK', 'lost the line');
      if (message.wanted.reference === 'two') throw new TransportError('ENOTFOUND', 'it is gone');
      await startMessage?.(message, call);
    },
  });
  await mark(own, { one: 'download', two: 'download', three: 'download' });
  await validate(own, { processHeaders: true });
  expect(await whole(own)).toEqual(['three']);
  expect((await entries(own)).map(({ properties, mark: wish }) => [properties.subject, wish])).toEqual([['one', 'download']]);
  expect(own.events.filter(({ type }) => type === 'warning')).toHaveLength(2);
  fails = false;
  await validate(own, { processHeaders: true });
  expect(await whole(own)).toEqual(['one', 'three']);
});

test('M-110 a session that returns without having fetched what it should has not served the mark', async () => {
  const own = await listed(['one']);
  Object.assign(own.provider.sessions[0]?.session ?? {}, { startMessage: async () => undefined });
  await mark(own, { one: 'download' });
  await validate(own, { processHeaders: true });
  expect((await entries(own)).map(({ mark: wish }) => wish)).toEqual(['download']);
  expect(own.events.at(-1)).toMatchObject({ type: 'warning', diagnostic: { code: 'EPROVIDER' } });
});

test('M-110 a crash between the call and the end of its mark repeats it: a moved message is still taken from the server', async () => {
  const own = await listed(['moved', 'gone']);
  let removed = 0;
  Object.assign(own.provider.sessions[0]?.session ?? {}, {
    startMessage: async (message: InboundMessage) => {
      await message.setReference('moved');
      await message.setContent(Buffer.from(mail('moved')));
      await message.saveChanges();
      removed += 1;
      throw new TransportError('ENETWORK', 'the process ends here', { gate: { reason: 'unreachable' } });
    },
  });
  await mark(own, { moved: 'move', gone: 'delete' });
  await validate(own, { processHeaders: true });
  expect(removed).toBe(1);
  own.store.crash();
  const again = await quietWorld({ store: own.store.sharing(), clock: own.clock });
  again.provider.push(mail('moved'), { reference: 'moved' });
  const [left] = await collect(again.spooler.list({ marked: true, headersOnly: false }));
  expect(left).toMatchObject({ mark: 'move', properties: { subject: 'moved' } });
  await validate(again, { processHeaders: true });
  expect(again.provider.waiting).toEqual([]);
  expect(await whole(again)).toEqual(['moved']);
  expect(await collect(again.spooler.list({ marked: true }))).toEqual([]);
  expect(await entries(again)).toEqual([]);
});

test('M-110 headers are met again as headers and do not count as received; a session that goes on completes the message', async () => {
  const answers: string[][] = [];
  const provider: TransportProvider = {
    name: 'both',
    logon: async (support) => ({
      addressTypes: [],
      reception: 'poll',
      poll: async () => true,
      startMessage: async (message: InboundMessage) => {
        if (answers.length === 3) return;
        const known = await message.setReference('r1', ['alias']);
        const received = [...(await support.received(['r1', 'alias']))];
        const headersOnly = answers.length === 0;
        answers.push([known, received.join(' ')]);
        await message.setContent(Buffer.from(mail('one', headersOnly ? '' : 'Hello\r\n')));
        answers.at(-1)?.push(await message.saveChanges({ headersOnly, sizeBytes: 9_999 }));
      },
    }),
  };
  const own = await world({ providers: [provider] });
  await own.clock.settle();
  expect(answers).toEqual([
    ['new', '', 'saved'],
    ['headersOnly', '', 'saved'],
    ['alreadyReceived', 'r1 alias', 'alreadyReceived'],
  ]);
  const [message] = await collect(own.spooler.list());
  expect(message).toMatchObject({ sizeBytes: Buffer.byteLength(mail('one')), properties: { subject: 'one' } });
});

test('M-110 a group with a size limit gets larger messages as headers, also while the spooler is offline between its runs', async () => {
  const limits = { pollIntervalMs: 1_000 };
  const groups = [{ name: 'small', members: [{ account: 'loopback', inbound: true, outbound: false, maxSizeBytes: 1_000 }] }];
  const own = await world({ loopback: { reception: 'poll', limits }, groups, offline: true });
  own.provider.push(mail('small'), { reference: 'small' });
  own.provider.push(mail('large', 'x'.repeat(5_000)), { reference: 'large' });
  const { done } = own.spooler.sendReceive('small');
  await own.clock.settle();
  expect(await done).toEqual({ complete: true });
  expect(await whole(own)).toEqual(['small']);
  expect((await entries(own)).map(({ properties }) => properties.subject)).toEqual(['large']);
  const [large] = await entries(own);
  await own.spooler.mark(large?.id as EntryId, 'download');
  own.provider.push(mail('later'), { reference: 'later' });
  await validate(own, { processHeaders: true });
  expect(await whole(own)).toEqual(['small', 'large']);
  await own.clock.advance('1h');
  expect(own.provider.waiting).toEqual(['later']);
});

test('M-110 what a session fetches by itself while a group has it online keeps to the limit, too', async () => {
  const clock = virtualTime();
  const loopback = { reception: 'poll', limits: { pollIntervalMs: 1_000 }, flush: async () => await clock.sleep(10_000) } as const;
  const groups = [{ name: 'headers', members: [{ account: 'loopback', inbound: true, outbound: false, headersOnly: true }] }];
  const own = await world({ loopback, groups, clock, offline: true });
  own.provider.push(mail('one'));
  const { done } = own.spooler.sendReceive('headers');
  await clock.advance('1m');
  await done;
  expect(await whole(own)).toEqual([]);
  expect(await entries(own)).toHaveLength(1);
});

test('M-110 a session that says it is busy is not asked, and its marks stay', async () => {
  const own = await listed(['one']);
  await mark(own, { one: 'download' });
  own.provider.sessions[0]?.support.updateStatus({ remoteValidateOk: false }, { merge: true });
  expect(await rowOf(own)).toMatchObject({ remoteValidateOk: false });
  await expect(validate(own, { refreshHeaders: true })).rejects.toMatchObject({ code: 'EBUSY' });
  expect((await entries(own)).map(({ mark: wish }) => wish)).toEqual(['download']);
});

test('M-110 an account that wants headers gets no more by itself, whatever arrives', async () => {
  const { loopback } = await import('mailspool/providers/loopback');
  const provider = loopback();
  const own = await world({ providers: [], accounts: [{ name: 'work', providers: [provider], wanted: { headersOnly: true } }] });
  provider.push(mail('one'));
  await own.clock.settle();
  expect(await entries(own)).toHaveLength(1);
  const flushed = own.spooler.flush({ inbound: true });
  await own.clock.settle();
  await flushed;
  expect(await whole(own)).toEqual([]);
});

test('M-110 both wishes at once contradict each other, and a session without remote access has its own say', async () => {
  const own = await quietWorld();
  await expect(own.spooler.statusObject(loopbackKey).validateState({ refreshHeaders: true, processHeaders: true }, signal)).rejects.toMatchObject({
    code: 'EINVALID',
  });
  const asked: ValidateRequest[] = [];
  const plain: TransportProvider = {
    name: 'plain',
    logon: async () => ({ addressTypes: [], startMessage: async () => undefined, validateState: async (request) => void asked.push(request) }),
  };
  const other = await world({ providers: [plain] });
  await validate(other, { refreshHeaders: true }, 'plain' as SessionKey);
  expect(asked).toEqual([{ refreshHeaders: true }]);
  expect(await rowOf(other, 'plain')).toMatchObject({ remoteValidateOk: true });
});
