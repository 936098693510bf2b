// Send and receive: groups of accounts with their own cadence, started by time, by the network, or by the user.
import type { FlushRequest, TransportProvider } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { AccountOptions, GroupOptions } from '../../../src/index.ts';
import { world } from './world.ts';

/** Accounts `home` and `work`, whose sessions tell when they are flushed and how. */
function accounts(calls: string[], broken: readonly string[] = [], polls: string[] = []): AccountOptions[] {
  return ['home', 'work'].map((name) => {
    const provider: TransportProvider = {
      name: 'line',
      logon: async (support) => {
        if (broken.includes(name)) throw Object.assign(new Error('no line'), { code: 'ENETWORK' });
        return {
          addressTypes: [],
          reception: 'poll',
          limits: { pollIntervalMs: 365 * 86_400_000 },
          poll: async () => {
            polls.push(name);
            return false;
          },
          startMessage: async () => undefined,
          flush: async (request: FlushRequest) => {
            calls.push(
              [name, ...Object.entries(request).flatMap(([key, value]) => (value === false ? [] : value === true ? key : `${key}=${value}`))].join(
                ' ',
              ),
            );
            support.updateStatus({ flags: { inboundFlush: request.inbound, outboundFlush: request.outbound } }, { merge: true });
          },
        };
      },
    };
    return { name, providers: [provider] };
  });
}

const group = (more: Partial<GroupOptions>): GroupOptions => ({
  name: 'all',
  members: [{ account: 'home', inbound: true, outbound: false }],
  ...more,
});

test('without a name every account is sent and received, one after the other, with progress and an end', async () => {
  const calls: string[] = [];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls) });
  const { progress$, done } = spooler.sendReceive();
  const seen: string[] = [];
  let isOver = false;
  progress$.subscribe({
    next: (state) => seen.push(state.map(({ account, done: sofar, toDo }) => `${account} ${sofar}/${toDo}`).join(', ')),
    complete: () => (isOver = true),
  });
  await clock.settle();
  expect(await done).toEqual({ complete: true });
  expect(calls).toEqual(['home inbound outbound', 'work inbound outbound']);
  expect(seen).toEqual(['home 0/1, work 0/1', 'home 1/1, work 0/1', 'home 1/1, work 1/1']);
  expect(isOver).toBe(true);
});

test('a member has its own directions, size limit and headers only', async () => {
  const calls: string[] = [];
  const members = [{ account: 'work', inbound: true, outbound: false, headersOnly: true, maxSizeBytes: 50_000 }];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls), groups: [group({ members })] });
  const { done } = spooler.sendReceive('all');
  await clock.settle();
  await done;
  expect(calls).toEqual(['work headersOnly maxSizeBytes=50000 inbound']);
});

test('groups run by their timers, online and offline each by its own; what is offline goes online for that time', async () => {
  const calls: string[] = [];
  const polls: string[] = [];
  const groups = [group({ everyMs: 600_000, everyMsOffline: 3_600_000 })];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls, [], polls), groups });
  await clock.advance('65m');
  expect(calls).toHaveLength(6);
  await spooler.setOffline(true);
  polls.length = 0;
  await clock.advance('125m');
  expect(calls).toHaveLength(8);
  expect(new Set(polls)).toEqual(new Set(['home']));
  const row = (await spooler.status()).find(({ id }) => id === 'home/line');
  expect(row?.flags.inboundEnabled).toBe(false);
  await spooler.setOffline(false);
  await clock.advance('11m');
  expect(calls).toHaveLength(9);
});

test('groups run at the start, at the stop, and when the network is back', async () => {
  const calls: string[] = [];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls), groups: [group({ on: ['start', 'stop', 'networkUp'] })] });
  expect(calls).toHaveLength(1);
  await spooler.setOffline(true);
  await spooler.setOffline(false);
  await clock.settle();
  expect(calls).toHaveLength(2);
  const stopped = spooler.stop();
  await clock.settle();
  await stopped;
  expect(calls).toHaveLength(3);
});

test('an account that cannot be reached is told in the progress, and the others are done', async () => {
  const calls: string[] = [];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls, ['home']) });
  const { progress$, done } = spooler.sendReceive();
  const errors: (string | undefined)[] = [];
  progress$.subscribe((state) => errors.push(state[0]?.error?.code));
  await clock.settle();
  expect(await done).toEqual({ complete: false });
  expect(errors.at(-1)).toBe('ENETWORK');
  expect(calls).toEqual(['work inbound outbound']);
});

test('one runs at a time: a second waits for the first, and whoever asked may abandon it', async () => {
  const calls: string[] = [];
  const { spooler, clock } = await world({ providers: [], accounts: accounts(calls) });
  const stop = new AbortController();
  const [first, second, third] = [spooler.sendReceive(), spooler.sendReceive(undefined, { signal: stop.signal }), spooler.sendReceive()];
  const abandoned = expect(second.done).rejects.toThrow('enough');
  stop.abort(new Error('enough'));
  await clock.settle();
  await abandoned;
  expect(await first.done).toEqual({ complete: true });
  expect(await third.done).toEqual({ complete: true });
  expect(calls).toHaveLength(4);
});

test('a group that is not there, one that is there twice, and an unknown account are errors that name the field', async () => {
  const { spooler } = await world();
  expect(() => spooler.sendReceive('nobody')).toThrow(expect.objectContaining({ code: 'ENOTFOUND', field: 'group' }) as Error);
  await expect(world({ groups: [group({})] })).rejects.toMatchObject({ code: 'EINVALID', field: 'groups.members.account' });
  await expect(world({ providers: [], accounts: accounts([]), groups: [group({}), group({})] })).rejects.toMatchObject({
    code: 'EINVALID',
    field: 'groups.name',
  });
});
