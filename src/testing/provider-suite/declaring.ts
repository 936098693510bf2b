// What a session says of itself: it holds, has a meaning for the spooler, and changes only when the session says so.
import assert from 'node:assert/strict';
import type { AddressTypes } from '../../message/recipient.ts';
import type { PreprocessMessage, Preprocessor } from '../../provider/processors.ts';
import { outboundMessage } from './outbound-message.ts';
import type { ProviderCase } from './suite.ts';
import { works } from './working.ts';
import { graceMs, type ProviderWorld } from './world.ts';

const news: readonly string[] = ['newMail', 'readyToSend', 'configChange', 'enterCritical', 'leaveCritical', 'sentDeferred', 'criticalError'];

export const declaringCases: readonly ProviderCase[] = [
  {
    title: 'M-012 M-020 what a session wants of the spooler it says with yes or no',
    async run(world) {
      const { session } = await world.logOn();
      for (const name of ['resolveRecipients', 'preferLast', 'remoteAccess'] as const) {
        assert(['boolean', 'undefined'].includes(typeof session[name]), `${name} is ${String(session[name])}`);
      }
    },
  },
  {
    title: 'M-013 each option has a name of its own, an address type that the session carries, and a default',
    async run(world) {
      const { session } = await world.logOn();
      const { options = [] } = session;
      if (options.length === 0) return world.notShown('the session declares no options');
      const { types } = carried(session.addressTypes);
      for (const { addressType, name, on, default: byDefault } of options) {
        assert(name !== '', 'an option has a name');
        assert(types === null || types.includes(addressType), `the option ${name} is for ${addressType}, which the session does not carry`);
        assert(['message', 'recipient'].includes(on), `the option ${name} is on ${on}`);
        assert(['string', 'number', 'boolean'].includes(typeof byDefault), `the option ${name} has no default`);
      }
      const names = options.map(({ addressType, name, on }) => `${addressType} ${name} on ${on}`);
      assert.equal(new Set(names).size, names.length, `each once: ${names.join()}`);
    },
  },
  {
    title: 'M-014 M-090 the address types stay what they are until it says configChange',
    async run(world) {
      const logged = await world.logOn();
      const before = JSON.stringify(logged.session.addressTypes);
      await works(world, logged);
      await world.calm();
      if (logged.support.news.some(({ type }) => type === 'configChange')) return;
      assert.equal(JSON.stringify(logged.session.addressTypes), before);
    },
  },
  {
    title: 'M-015 M-019 the addresses that the other side takes mail for are of its address types, letter for letter',
    needs: ['send'],
    async run(world) {
      const { types, uids } = carried((await world.logOn()).session.addressTypes);
      const { type, uid } = world.recipient(1);
      assert(types === null || types.includes(type) || (uid !== undefined && uids.includes(uid)), `${type} is none of ${String(types)}`);
    },
  },
  {
    title: 'M-050 M-052 M-103 preprocessors and postprocessors are registered at logon, each under a name of its own',
    async run(world) {
      const logged = await world.logOn();
      const { preprocessors, postprocessors } = logged.support;
      const registered = (): string[] => [...preprocessors, ...postprocessors].map(({ name }) => name);
      const atLogon = registered();
      await works(world, logged);
      await world.calm();
      assert.deepEqual(registered(), atLogon, 'nothing is registered later');
      if (atLogon.length === 0) world.notShown('the session registers none');
      for (const list of [preprocessors, postprocessors]) assert.equal(new Set(list.map(({ name }) => name)).size, list.length, 'each has a name');
    },
  },
  {
    title: 'M-052 M-053 M-054 a preprocessor ends in time, and answers about the recipients of its message alone',
    async run(world) {
      const { support } = await world.logOn();
      if (support.preprocessors.length === 0) world.notShown('the session registers none');
      for (const preprocessor of support.preprocessors) await preprocess(world, preprocessor);
    },
  },
  {
    title: 'M-089 M-091 it says to the spooler what a transport may say, and no more',
    async run(world) {
      const logged = await world.logOn();
      await works(world, logged);
      await world.calm();
      await world.logOff(logged);
      for (const one of logged.support.news) {
        assert(news.includes(one.type), `${one.type} is not a transport's word`);
        if (one.type === 'criticalError') assert(one.error instanceof Error, 'a critical error says which');
        if (one.type === 'sentDeferred') assert.equal(typeof one.entryId, 'string');
      }
    },
  },
  {
    title: 'M-092 it leaves each critical section that it enters',
    async run(world) {
      const logged = await world.logOn();
      await works(world, logged);
      await world.calm();
      const count = (wanted: string) => logged.support.news.filter(({ type }) => type === wanted).length;
      assert.equal(count('leaveCritical'), count('enterCritical'));
    },
  },
];

const carried = (types: AddressTypes): { types: readonly string[] | null; uids: readonly string[] } =>
  types !== null && 'types' in types ? types : { types, uids: [] };

async function preprocess(world: ProviderWorld, { name, preprocess, cleanup }: Preprocessor): Promise<void> {
  const { type, address } = world.recipient(1);
  const { content, ...draft } = outboundMessage({ to: [{ type, address }], raw: world.mail() });
  const ignore = (): void => undefined;
  const message: PreprocessMessage = {
    ...draft,
    recipients: draft.allRecipients,
    content,
    setContent: async () => undefined,
    setProperties: ignore,
    setRecipients: ignore,
    setAfterSend: ignore,
  };
  const signal = new AbortController().signal;
  const { messages = [], undeliverable = [] } = (await world.ends(preprocess(message, signal), `the preprocessor ${name}`, graceMs)) ?? {};
  for (const one of messages) assert.notEqual(one, message, `the preprocessor ${name} returns its own message`);
  for (const { recipient } of undeliverable) assert.equal(recipient, 1, `the preprocessor ${name} names a recipient that the message does not have`);
  await world.ends(Promise.resolve(cleanup?.(message, signal)), `the cleanup of the preprocessor ${name}`, graceMs);
}
