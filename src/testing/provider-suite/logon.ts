// What a session is, how it begins and how it ends.
import assert from 'node:assert/strict';
import { contractVersion } from '../../provider/transport-provider.ts';
import type { TransportEvent } from '../../provider/transport-session.ts';
import type { EntryId } from '../../message/recipient.ts';
import type { ProviderCase } from './suite.ts';
import { Spool } from './inbound-message.ts';
import { failureToLogOn, toldBy, works } from './working.ts';
import { graceMs } from './world.ts';

const events: readonly TransportEvent[] = [
  ...(['outboundFlush', 'inboundFlush', 'outbound', 'inbound'] as const).flatMap((type) => [
    { type, on: true },
    { type, on: false },
  ]),
  { type: 'abortDeferred', entryId: 'nobody' as EntryId },
];

const gateReasons: readonly unknown[] = ['offline', 'throttled', 'authRequired', 'suspended', 'quota', 'critical', 'unreachable'];
const columns: readonly string[] = ['displayName', 'statusText', 'gate', 'progress', 'remoteValidateOk', 'flags'];
const flags = /^(available|failure|offline|remoteAccess|(inbound|outbound)(Enabled|Active|Flush))$/;

export const logonCases: readonly ProviderCase[] = [
  {
    title: 'M-001 M-004 M-014 provider and session say what they are, and have the methods for it',
    async run(world) {
      const { provider } = world;
      assert.match(provider.name, /^[a-z][a-z0-9-]*$/, 'the name is lower case');
      const { min, max } = provider.contract ?? { min: contractVersion, max: contractVersion };
      assert(min <= contractVersion && contractVersion <= max, `the contract includes version ${contractVersion}`);
      const { session } = await world.logOn();
      const { addressTypes, reception, limits = {} } = session;
      const types = addressTypes !== null && 'types' in addressTypes ? addressTypes.types : addressTypes;
      assert(types === null || (Array.isArray(types) && types.every((type) => typeof type === 'string')), 'addressTypes is a list, null, or both');
      assert([undefined, 'poll', 'notify', 'none'].includes(reception), `reception is ${reception}`);
      for (const [name, limit] of Object.entries(limits)) assert(typeof limit !== 'number' || limit > 0, `the limit ${name} is above 0`);
      assert.equal(typeof session.submitMessage === 'function', world.can('send'), 'submitMessage is there if it sends');
      assert.equal(typeof session.startMessage === 'function', world.can('receive'), 'startMessage is there if it receives');
      if (world.can('receive')) assert.equal(typeof session.poll, 'function', 'poll is there, also as the fallback of notify');
      if (reception === 'poll' || reception === 'notify') assert(world.can('receive'), 'who says how it receives, receives');
    },
  },
  {
    title: 'M-005 logged on offline it opens no connection, or refuses',
    needs: ['connections'],
    async run(world) {
      const logged = await world.logOn({ offline: true, open: false }).catch(() => undefined);
      await world.calm();
      assert.equal(world.side('connections')(), 0, 'connections');
      if (logged) await world.logOff(logged);
    },
  },
  {
    title: 'M-005 logged on offline it works as any other once its directions are opened',
    async run(world) {
      const logged = await world.logOn({ offline: true, open: false }).catch(() => undefined);
      if (!logged) return world.notShown('it refuses to log on offline');
      for (const type of ['outbound', 'inbound'] as const) await world.tell(logged, { type, on: true });
      await world.calm();
      const { gate } = logged.support.columns as { gate?: { reason: unknown } | null };
      assert.notEqual(gate?.reason, 'offline', 'the gate that it closed because it was offline is open');
      await works(world, logged);
    },
  },
  {
    title: 'M-006 U-054 refused credentials reject the logon, or close the gate authRequired; no message pays for it',
    needs: ['refuseCredentials'],
    async run(world) {
      world.side('refuseCredentials')();
      const error = await failureToLogOn(world);
      assert(['EAUTH', 'ENOAUTH', 'EUNCONFIGURED'].includes(error?.code ?? ''), `the code says that the credentials are refused, not ${error?.code}`);
      if (error?.handOver) {
        assert.deepEqual(error.handOver, ['1:notSent']);
        assert.equal(error.gate?.reason, 'authRequired');
      }
    },
  },
  {
    title: 'X-021 refused credentials are told to nobody: not in an error, a log line or the status row',
    needs: ['refuseCredentials'],
    async run(world) {
      world.side('refuseCredentials')();
      const error = await failureToLogOn(world);
      const told = JSON.stringify([error, ...toldBy(error), ...world.supports.flatMap(({ logged, columns }) => [logged, columns])]);
      for (const secret of world.side('secrets')) assert(!told.includes(secret), 'a secret is told');
    },
  },
  {
    title: 'T-062 F-26 an expired token is renewed once, and the work goes on',
    needs: ['expireToken'],
    async run(world) {
      const asked: boolean[] = [];
      const credentials = world.side('credentials');
      world.side('expireToken')();
      const logged = await world.logOn({
        support: {
          credentials: async (stale) => {
            asked.push(stale !== undefined);
            return credentials(stale);
          },
        },
      });
      await works(world, logged);
      assert.deepEqual(asked, [false, true], 'the credentials are asked for, then fresh ones');
    },
  },
  {
    title: 'M-088 events of every kind are taken, also such as mean nothing here',
    async run(world) {
      const logged = await world.logOn();
      for (const event of events) await world.tell(logged, event);
      for (const type of ['outbound', 'inbound'] as const) await world.tell(logged, { type, on: true });
      await works(world, logged);
    },
  },
  {
    title: 'M-096 M-099 the status row has only what there is a word for',
    async run(world) {
      const logged = await world.logOn();
      await works(world, logged);
      await world.logOff(logged);
      const row = logged.support.columns as { gate?: { reason: unknown; until?: unknown } | null; flags?: object };
      for (const name of Object.keys(row)) assert(columns.includes(name), `${name} is a column`);
      for (const name of Object.keys(row.flags ?? {})) assert.match(name, flags);
      if (row.gate === undefined || row.gate === null) return;
      assert(gateReasons.includes(row.gate.reason), `${JSON.stringify(row.gate)} is a gate`);
      assert(row.gate.until === undefined || typeof row.gate.until === 'number', 'a gate ends at an instant');
    },
  },
  {
    title: 'M-093 M-100 M-101 idle, flush and validateState end in time, at the latest when they are aborted',
    async run(world) {
      const { session } = await world.logOn();
      const release = world.can('stall') ? await world.side('stall')() : undefined;
      const calls: readonly [string, (signal: AbortSignal) => Promise<void> | undefined][] = [
        ['idle', (signal) => session.idle?.(signal)],
        ['flush', (signal) => session.flush?.({ inbound: true, outbound: true }, signal)],
        ['validateState', (signal) => session.validateState?.({ configChanged: true }, signal)],
      ];
      if (!session.idle && !session.flush && !session.validateState) world.notShown('the session has none of them');
      for (const [name, call] of calls) {
        const stop = new AbortController();
        const running = Promise.resolve(call(stop.signal)).catch(() => undefined);
        await world.calm();
        stop.abort(new Error('enough'));
        await world.ends(running, name, graceMs);
      }
      await release?.();
    },
  },
  {
    title: 'U-033 the destination of a recipient is a text, and the same each time',
    async run(world) {
      const { session } = await world.logOn();
      if (!session.destination) return world.notShown('the session has one queue for all');
      const destinations = new Set<unknown>();
      for (let count = 0; count < 3; count++) {
        const recipient = { ...world.recipient(1), id: count + 1, kind: 'to' as const };
        const destination = Promise.resolve(session.destination(recipient, new AbortController().signal));
        destinations.add(await world.ends(destination, 'destination', graceMs));
      }
      assert.equal(destinations.size, 1, `one destination, not ${[...destinations].join(' and ')}`);
      assert.equal(typeof [...destinations][0], 'string');
    },
  },
  {
    title: 'M-011 two sessions of one provider are apart: one logs off, the other goes on',
    async run(world) {
      const one = await world.logOn({ spool: new Spool(), support: { session: 'one/provider' } });
      const other = await world.logOn({ support: { session: 'other/provider' } });
      assert.notEqual(one.session, other.session);
      await world.logOff(one);
      await works(world, other);
    },
  },
  {
    title: 'M-105 logoff ends in time, and a second one does no harm',
    async run(world) {
      const logged = await world.logOn();
      await works(world, logged);
      await world.logOff(logged);
      await world.ends(Promise.resolve(logged.session.logoff?.()), 'a second logoff', graceMs);
    },
  },
  {
    title: 'M-105 a logoff in the midst of a hand-over ends both in time',
    needs: ['send', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const release = await world.side('stall')();
      const { done } = world.begin(logged);
      await world.calm();
      await world.logOff(logged);
      const { summary } = await world.ends(done, 'the hand-over', graceMs);
      assert.deepEqual(summary, ['1:notSent']);
      await release();
    },
  },
  {
    title: 'U-061 U-050 after logoff no connection is left, and no place in the budget',
    needs: ['connections'],
    async run(world) {
      const logged = await world.logOn();
      await works(world, logged);
      await world.logOff(logged);
      const connections = world.side('connections');
      await world.until(() => connections() === 0, 'no connection is left', graceMs);
      assert.equal(logged.support.places.open, 0, 'places in the budget');
    },
  },
  {
    title: 'M-105 M-106 after logoff a session says nothing more',
    needs: ['notify', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.logOff(logged);
      const said = JSON.stringify([logged.support.news, logged.support.columns]);
      await world.side('arrive')(world.mail());
      await world.calm();
      assert.equal(JSON.stringify([logged.support.news, logged.support.columns]), said);
    },
  },
];
