import { loopback } from 'mailspool/providers/loopback';
import { virtualTime } from 'mailspool/testing';
import { expect, onTestFinished, test } from 'vitest';
import {
  ContainerModule,
  createSpooler,
  memoryStore,
  tokens,
  type Logger,
  type RetryPolicy,
  type Spooler,
  type SpoolerOptions,
} from '../../../src/index.ts';
import { note, world } from '../spooler/world.ts';

async function spoolerWith(options: SpoolerOptions): Promise<Spooler> {
  const spooler = await createSpooler(options);
  onTestFinished(() => void spooler.stop({ drainMs: 0 }).catch(() => undefined));
  return spooler;
}

test('a module of the program replaces any part: the clock, the policy, the logger', async () => {
  const clock = virtualTime();
  const said: string[] = [];
  const say = (_fields: object, text: string) => void said.push(text);
  const logger: Logger = { debug: say, info: say, warn: say, error: say };
  const retry: RetryPolicy = { next: () => 'giveUp', warnAfterMs: [], lifetimeMs: 60_000 };
  const mine = new ContainerModule(({ rebind }) => {
    rebind(tokens.clock).toConstantValue(clock);
    rebind(tokens.retryPolicy).toConstantValue(retry);
    rebind(tokens.logger).toConstantValue(logger);
  });
  const failing = loopback({
    answer: () => {
      throw new Error('bug');
    },
    transfer: () => {
      throw new Error('bug');
    },
  });
  const spooler = await spoolerWith({ store: memoryStore(), providers: [failing], modules: [mine] });
  await spooler.start();
  const { id } = await spooler.submit({ from: 'ann@harbour.example', to: 'bob@harbour.example', text: 'x' });
  await clock.settle();
  const message = await spooler.get(id);
  expect(message?.submitTime).toBe(clock.now());
  expect(message?.properties.expiresAt).toBe(clock.now() + 60_000);
  expect(message?.recipients[0]?.status.state).toBe('failed');
});

test('providers are a multi-binding: those of options and of modules all log on', async () => {
  const clock = virtualTime();
  const more = new ContainerModule(({ bind }) => {
    bind(tokens.provider).toConstantValue(loopback({ name: 'two', addressTypes: ['FAX'] }));
    bind(tokens.provider).toConstantValue(loopback({ name: 'three', addressTypes: ['MSMQ'] }));
  });
  const spooler = await spoolerWith({ clock, store: memoryStore(), providers: [loopback({ name: 'one' })], modules: [more] });
  await spooler.start();
  await clock.settle();
  expect(await spooler.listAddressTypes()).toEqual(['SMTP', 'FAX', 'MSMQ']);
});

test('a spooler without providers keeps what is submitted', async () => {
  const spooler = await spoolerWith({ store: memoryStore() });
  const { id } = await spooler.submit({ from: 'ann@harbour.example', to: 'bob@harbour.example', text: 'x' });
  expect((await spooler.get(id))?.recipients[0]?.status.state).toBe('queued');
});

test('options that cannot be are refused with the field and the remedy', async () => {
  await expect(createSpooler({} as SpoolerOptions)).rejects.toMatchObject({ code: 'EINVALID', field: 'store' });
  await expect(createSpooler({ store: memoryStore(), providers: [loopback(), loopback()] })).rejects.toMatchObject({
    code: 'EINVALID',
    field: 'providers',
  });
  await expect(createSpooler({ store: memoryStore(), providers: [loopback({ name: 'My Provider' })] })).rejects.toMatchObject({
    code: 'EINVALID',
    field: 'providers.name',
  });
});

test('the status table has the rows of mailspool and one per session, and follows what happens', async () => {
  const clock = virtualTime();
  const provider = loopback();
  const spooler = await spoolerWith({ clock, store: memoryStore(), providers: [provider] });
  const tables: (readonly { id: string; statusText: string; queued: number }[])[] = [];
  spooler.status$.subscribe((rows) => tables.push(rows));
  await spooler.start();
  await clock.settle();
  await spooler.suspend();
  await spooler.submit({ from: 'ann@harbour.example', to: 'bob@harbour.example', text: 'x' });
  await clock.settle();
  expect(tables.at(-1)).toMatchObject([
    { id: 'subsystem' },
    { id: 'spooler' },
    { id: 'addressBook' },
    { id: 'loopback', statusText: 'suspended', queued: 1 },
  ]);
  provider.sessions[0]?.support.updateStatus({ statusText: 'drying the nets' }, { merge: true });
  await clock.settle();
  expect((await spooler.status()).at(-1)).toMatchObject({ displayName: 'loopback', statusText: 'drying the nets' });
});

test('the content of sent mail goes after its retention, the record stays longer', async () => {
  const clock = virtualTime();
  const spooler = await spoolerWith({ clock, store: memoryStore(), providers: [loopback()] });
  await spooler.start();
  const { id } = await spooler.submit({ from: 'ann@harbour.example', to: 'bob@harbour.example', text: 'x' });
  await clock.settle();
  clock.jump('8d');
  await clock.advance('5m');
  expect((await spooler.get(id))?.recipients[0]?.status.state).toBe('relayed');
  const reading = (async () => {
    for await (const chunk of await spooler.raw(id)) void chunk;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'ENOTFOUND' });
  clock.jump('90d');
  await clock.advance('5m');
  expect(await spooler.get(id)).toBeUndefined();
});

test('a logger that throws at every line changes nothing', async () => {
  const fail = (): never => {
    throw new Error('the log is full');
  };
  const { spooler, clock, states } = await world({
    logger: { debug: fail, info: fail, warn: fail, error: fail },
    loopback: {
      logon: () => {
        if (clock.now() < start + 60_000) throw new Error('not yet');
      },
    },
    start: false,
  });
  const start = clock.now();
  const { id } = await spooler.submit(note());
  await spooler.start();
  await clock.advance('10m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});
