// Several logons: of one account after another, of two beside each other, and of one that lacks what it needs.
import assert from 'node:assert/strict';
import { MailspoolError } from '../../errors.ts';
import type { Credentials } from '../../provider/spooler-support.ts';
import { Spool } from './inbound-message.ts';
import type { ProviderCase } from './suite.ts';
import { failureToLogOn, works } from './working.ts';
import { graceMs, type LoggedOn, type ProviderWorld } from './world.ts';

export const accountCases: readonly ProviderCase[] = [
  {
    title: 'M-009 M-006 without credentials it says so in time, asks nobody, and lets no message pay; once there are some it works',
    async run(world) {
      const { credentials } = world.under;
      if (!credentials) return world.notShown('the subject has no credentials');
      let configured = false;
      const support = {
        credentials: (stale?: Credentials) => {
          if (!configured) throw new MailspoolError('EUNCONFIGURED', 'the account has no credentials');
          return credentials.call(world.under, stale);
        },
      };
      const error = await failureToLogOn(world, support);
      assert(['EUNCONFIGURED', 'EAUTH', 'ENOAUTH'].includes(error?.code ?? ''), `the code says that there are none, not ${error?.code}`);
      if (error?.handOver) assert.deepEqual(error.handOver, ['1:notSent']);
      configured = true;
      await works(world, await world.logOn({ support }));
    },
  },
  {
    title: 'M-011 M-010 of two sessions each uses what it was handed itself: places, credentials, settings, log',
    async run(world) {
      const asked = { one: 0, other: 0 };
      const logOn = (name: keyof typeof asked): Promise<LoggedOn> =>
        world.logOn({
          spool: name === 'one' ? new Spool() : world.spool,
          support: { session: `${name}/provider`, ...counting(world, () => asked[name]++) },
        });
      const sessions = { one: await logOn('one'), other: await logOn('other') };
      const used = (name: keyof typeof asked): unknown[] => {
        const { places, sections, logged } = sessions[name].support;
        return [asked[name], places.most, sections.size, logged.length];
      };
      for (const [busy, idle] of [
        ['one', 'other'],
        ['other', 'one'],
      ] as const) {
        await world.calm();
        const before = used(idle);
        if (world.can('send')) await works(world, sessions[busy]);
        else await world.poll(sessions[busy]);
        assert.deepEqual(used(idle), before, 'what the other session was handed is not touched');
      }
    },
  },
  {
    title: 'M-011 M-074 a message that could not be saved has the same reference after another logon',
    needs: ['receive', 'arrive'],
    async run(world) {
      const names: string[] = [];
      const beforeReference = (reference: string): void => void names.push(reference);
      const first = await world.logOn();
      await world.side('arrive')(world.mail());
      const beforeSave = (): Promise<void> => Promise.reject(Object.assign(new Error('the disk is full'), { code: 'ESTORE' }));
      await world.turn(first, { beforeReference, beforeSave }).catch(() => undefined);
      await world.logOff(first);
      const second = await world.restart();
      await world.until(async () => {
        await world.turn(second, { beforeReference }).catch(() => undefined);
        return world.spool.saved.length === 1;
      }, 'it is offered again');
      assert.equal(new Set(names).size, 1, `one name, not ${[...new Set(names)].join(' and ')}`);
    },
  },
  {
    title: 'M-084 recipients that it names have an address, and its type',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      await world.receive(logged, 1);
      const { recipients = [] } = world.spool.saved[0] ?? {};
      if (recipients.length === 0) world.notShown('it names no recipients: the spooler reads the headers');
      for (const one of recipients) {
        assert('address' in one && one.address !== '' && typeof one.type === 'string' && one.type !== '', `${JSON.stringify(one)} is complete`);
      }
    },
  },
  {
    title: 'M-073 M-060 endMessage and verifyMessage whose signal aborts end in time',
    needs: ['send', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const { session } = logged;
      if (!session.endMessage && !session.verifyMessage) return world.notShown('the session has neither');
      const { message } = await world.submit(logged);
      const release = await world.side('stall')();
      for (const call of ['endMessage', 'verifyMessage'] as const) {
        const stop = new AbortController();
        const running = call === 'endMessage' ? session.endMessage?.(message.reference, stop.signal) : session.verifyMessage?.(message, stop.signal);
        const ended = Promise.resolve<unknown>(running).catch(() => undefined);
        await world.calm();
        stop.abort(new Error('the message was cancelled'));
        await world.ends(ended, call, graceMs);
      }
      await release();
    },
  },
  {
    title: 'M-102 a wrong old password is refused with ENOACCESS and changes nothing; with the right one the new one is taken',
    needs: ['password'],
    async run(world) {
      const { session } = await world.logOn();
      assert(session.changePassword, 'changePassword is there');
      const now = world.side('password');
      const old = now();
      const code = await world.ends(session.changePassword(`not ${old}`, 'a new one').catch(codeOf), 'changePassword', graceMs);
      assert.deepEqual([code, now()], ['ENOACCESS', old]);
      await world.ends(session.changePassword(old, 'a new one'), 'changePassword', graceMs);
      assert.equal(now(), 'a new one');
    },
  },
];

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** The account's credentials, counted. */
function counting({ under }: ProviderWorld, count: () => void): { credentials?: (stale?: Credentials) => Credentials | Promise<Credentials> } {
  const { credentials } = under;
  if (!credentials) return {};
  return {
    credentials: (stale) => {
      count();
      return credentials.call(under, stale);
    },
  };
}
