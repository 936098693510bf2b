// Hand-overs out of the ordinary: many recipients, strange ones, properties that nobody knows, and several at once.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { RecipientRow } from '../../message/recipient.ts';
import { nextTurn } from '../../time/turn.ts';
import type { ProviderCase } from './suite.ts';
import type { ProviderWorld } from './world.ts';

/** RFC 5321 (4.5.3.1.8): at least so many. */
const usualRecipients = 100;
/** More are not tried. */
const mostRecipients = 500;

export const addressingCases: readonly ProviderCase[] = [
  {
    title: "M-012 M-022 recipients of other address types, who are others' matter, change nothing",
    needs: ['send'],
    async run(world) {
      const raw = world.mail();
      const own = world.recipient(1);
      const row = (id: number, one: Partial<RecipientRow>): RecipientRow => ({
        ...own,
        id,
        kind: 'to',
        status: { state: 'queued' },
        attempts: 0,
        ...one,
      });
      const allRecipients = [
        row(1, {}),
        row(2, { type: 'FAX', address: '+44 20 7946 0000', kind: 'cc' }),
        row(3, { type: 'EX', address: '/o=Example/cn=Carol', name: 'Carol', kind: 'bcc' }),
      ];
      const { summary } = await world.submit(await world.logOn(), { raw, allRecipients });
      assert.deepEqual(summary, ['1:accepted']);
      if (!world.can('delivered')) return;
      const { recipients } = await world.arrivedOf(raw);
      if (recipients) assert.deepEqual(recipients, [own.address]);
    },
  },
  {
    title: 'T-024 T-025 as many recipients at once as it says it takes, and a hundred if it does not say: each gets an outcome and the message',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      const { recipientsPerMessage = usualRecipients } = logged.session.limits ?? {};
      const count = Math.min(recipientsPerMessage, mostRecipients, world.under.maxRecipients ?? mostRecipients);
      const raw = world.mail();
      const { summary, error } = await world.submit(logged, { raw, recipients: count });
      const expected = Array.from({ length: count }, (_, index) => `${index + 1}:accepted`);
      assert.deepEqual([...summary].sort(), expected.sort(), error?.message);
      if (!world.can('delivered')) return;
      const { recipients } = await world.arrivedOf(raw);
      if (recipients) assert.equal(new Set(recipients).size, count, 'the other side has it for each');
    },
  },
  {
    title: 'X-007 an address with line ends in it brings the message to nobody else',
    needs: ['send', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      const [own, other] = [world.recipient(1), world.recipient(2)];
      for (const end of ['\r\n', '\n', '\r']) {
        await world.submit(logged, { to: [{ ...own, address: `${own.address}>${end}RCPT TO:<${other.address}` }] });
        await world.submit(logged, { to: [{ ...own, address: `${own.address}${end}${other.address}` }] });
      }
      await world.calm();
      const raw = world.mail();
      assert.deepEqual((await world.submit(logged, { raw })).summary, ['1:accepted']);
      const { recipients } = await world.arrivedOf(raw);
      if (recipients === undefined) world.notShown('the other side does not show for whom a message is');
      const all = (await world.delivered()).flatMap((one) => one.recipients ?? []);
      assert(!all.includes(other.address), `the message is not for ${other.address}`);
    },
  },
  {
    title: 'M-047 M-037 properties that it has no use for do not keep the message from going',
    needs: ['send'],
    async run(world) {
      const later = world.clock.now() + 86_400_000;
      const properties = {
        messageClass: 'IPM.Example.Order',
        importance: 'high',
        reportTag: 'AAECAw==',
        deferredDeliveryAt: later,
        latestDeliveryAt: later,
        expiresAt: later,
        named: { 'x-order': 7, 'urn:example:order#state': 'open', '': true },
      } as const;
      assert.deepEqual((await world.submit(await world.logOn(), { properties })).summary, ['1:accepted']);
    },
  },
  {
    title: 'M-065 T-046 no report follows that nobody asked for',
    needs: ['send'],
    async run(world) {
      const { result = [] } = await world.submit(await world.logOn(), { report: { delivery: false } });
      for (const one of [result].flat()) {
        if (one.outcome !== 'accepted') continue;
        assert.notEqual(one.reportsFollow, true, 'reportsFollow');
        assert(one.deliveredAt === undefined || Number.isFinite(one.deliveredAt), 'deliveredAt is an instant');
      }
    },
  },
  {
    title: 'M-063 T-020 one that has to wait does not make the others wait',
    needs: ['send', 'refuse'],
    async run(world) {
      const logged = await world.logOn();
      const waiting = { to: [world.recipient(1)] };
      await world.side('refuse')(world.recipient(1), 'forNow');
      const { error, summary } = await world.submit(logged, waiting);
      assert.deepEqual(summary, ['1:notSent']);
      assert.equal(error?.gate ?? logged.support.columns['gate'] ?? undefined, undefined, 'no gate is closed');
      assert.deepEqual((await world.submit(logged, { to: [world.recipient(2)] })).summary, ['1:accepted']);
    },
  },
  {
    title: 'M-057 M-058 what it puts off as busy has not begun, and what has to wait is told for how long',
    needs: ['send', 'refuse'],
    async run(world) {
      await world.side('refuse')(world.recipient(1), 'forNow');
      const { error, message } = await world.submit(await world.logOn(), { recipients: 2 });
      if (error?.code === 'EBUSY' || error?.code === 'ENOTME') {
        assert.deepEqual([message.saved.length, message.handOvers], [0, 0], `${error.code} is said of what has not begun`);
      }
      if (error?.code === 'EWAIT' || error?.code === 'ENETWORK') {
        assert((error.retryAfterMs ?? 0) > 0 || error.gate !== undefined, `${error.code} says for how long`);
      }
    },
  },
  {
    title: 'M-074 M-056 a hand-over that has a reference has it before its content is read, and no other has it meanwhile',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      const running = new Set<string>();
      const count = Math.min(4, logged.session.limits?.outbound ?? 1);
      const all = await Promise.all(Array.from({ length: count }, () => referred(world, logged, running)));
      if (all.every((reference) => reference === '0')) world.notShown('the session gives hand-overs no references');
    },
  },
  {
    title: 'M-075 M-094 a yield that says cancelled in the midst of a large message is its end, too',
    needs: ['send', 'delivered'],
    async run(world) {
      let yields = 0;
      const cancelAt = 8;
      const logged = await world.logOn({ support: { yield: async () => (++yields >= cancelAt ? 'cancelled' : 'continue') } });
      const piece = Buffer.alloc(65_536, 'Hello World\r\n');
      const raw = () => Readable.from(Array.from({ length: 32 }, () => piece));
      const { error } = await world.submit(logged, { raw, sizeBytes: 32 * 65_536 });
      if (yields < cancelAt) world.notShown('the session does not yield so often');
      assert.equal(error?.code, 'EUSERCANCEL');
      await world.calm();
      assert.equal((await world.delivered()).length, 0);
    },
  },
];

async function referred(world: ProviderWorld, logged: Parameters<ProviderWorld['submit']>[0], running: Set<string>): Promise<string> {
  const { handOver, done } = world.begin(logged, {
    handingOver: async () => {
      const { reference } = handOver.message;
      if (reference === '0') return;
      assert(!running.has(reference), `two hand-overs at once are called ${reference}`);
      running.add(reference);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
    },
  });
  await world.ends(done, 'submitMessage');
  const { reference } = handOver.message;
  running.delete(reference);
  assert.deepEqual(handOver.summary, ['1:accepted'], handOver.error?.message);
  if (reference !== '0') assert.equal(handOver.firstReference, reference, 'the reference is set before the content is read');
  return reference;
}
