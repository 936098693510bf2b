import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration, type ConfigurationSources } from '../../../src/host/configuration.ts';
import { isMailspoolError, type MailspoolError } from '../../../src/errors.ts';
import { didYouMean } from '../../../src/host/did-you-mean.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailspool-configuration-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const load = async (sources: ConfigurationSources = {}) => await loadConfiguration({ workingDirectory: folder, environment: {}, ...sources });
const json = async (value: unknown, name = 'mailspool.config.json') => await writeFile(join(folder, name), JSON.stringify(value));

async function refusal(work: () => Promise<unknown>): Promise<MailspoolError> {
  try {
    await work();
  } catch (error) {
    if (isMailspoolError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('where settings come from', () => {
  it('without anything the defaults hold, and the store lies in ./spool', async () => {
    const configuration = await load();
    expect(configuration.directory).toBe(join(folder, 'spool'));
    expect(configuration.hasProviders).toBe(false);
    expect(configuration.effective).toMatchObject({ file: null, reports: 'store', offline: false, overridden: [] });
  });

  it('flags win over the environment, the environment over the file', async () => {
    await json({ directory: 'from-file', reports: 'wire', offline: true });
    expect((await load()).directory).toBe(join(folder, 'from-file'));
    const environment = { MAILSPOOL_DIRECTORY: 'from-environment', MAILSPOOL_OFFLINE: 'false' };
    const second = await load({ environment });
    expect(second.directory).toBe(join(folder, 'from-environment'));
    expect(second.effective).toMatchObject({ offline: false, reports: 'wire', overridden: ['directory', 'offline'] });
    expect((await load({ environment, overrides: { directory: '/from/flag' } })).directory).toBe('/from/flag');
  });

  it('a directory in the file is seen from the file, not from where the command runs', async () => {
    await mkdir(join(folder, 'etc'));
    await json({ directory: '../spool' }, 'etc/mailspool.config.json');
    expect((await load({ file: 'etc/mailspool.config.json' })).directory).toBe(join(folder, 'spool'));
  });

  it('MAILSPOOL_SMTP takes the place of the SMTP providers of the file, in their order', async () => {
    await json({ providers: ['smtp://old.test', { use: 'loopback' }, { use: 'smtp', host: 'older.test' }] });
    const { effective } = await load({ environment: { MAILSPOOL_SMTP: 'smtps://ann:secret@new.test' } });
    expect(effective.providers).toEqual([{ use: 'smtp', url: 'smtps://ann:***@new.test' }, { use: 'loopback' }]);
  });

  it('a module may export an object, a function, and ready-made providers', async () => {
    await writeFile(
      join(folder, 'mailspool.config.mjs'),
      `export default async () => ({ directory: 'here', providers: [{ name: 'mine', logon: async () => ({ addressTypes: null }) }] });`,
    );
    const configuration = await load();
    expect(configuration.directory).toBe(join(folder, 'here'));
    expect((await configuration.options()).providers?.[0]?.name).toBe('mine');
    expect(configuration.effective.providers).toEqual([{ use: 'mine', ready: true }]);
  });

  it('providers come by published name, and by a path seen from the file', async () => {
    await writeFile(
      join(folder, 'own-provider.mjs'),
      `export const ownProvider = (settings) => ({ name: settings.name, logon: async () => ({ addressTypes: null }) });`,
    );
    await json({
      providers: [
        { use: 'loopback', name: 'inner' },
        { use: './own-provider.mjs', name: 'outer' },
      ],
    });
    const { providers } = await (await load()).options();
    expect(providers?.map(({ name }) => name)).toEqual(['inner', 'outer']);
  });

  it('mailslots are configured like mail servers: keys are masked, and a wrong setting is named down to its field', async () => {
    const network = { addresses: ['127.0.0.1'], authentication: { mode: 'require', keys: [{ id: 'k1', secret: 'sixteen bytes at least' }] } };
    await json({ providers: [{ use: 'mailslot', name: 'WORKROOM', inboxes: ['//./mailslot/inbox'], network }] });
    const configuration = await load();
    expect((await configuration.options()).providers?.[0]?.name).toBe('mailslot');
    expect(JSON.stringify(configuration.effective)).not.toContain('sixteen');

    await json({ providers: [{ use: 'mailslot', network: { ...network, formt: 'native' } }] });
    await expect((await load()).options()).rejects.toMatchObject({ code: 'ECONFIG', field: 'providers[0].network.formt' });
  });

  it('accounts get their credentials as a source', async () => {
    await json({
      accounts: [{ name: 'work', identities: ['ann@work.test'], credentials: { user: 'ann', pass: 'secret' }, providers: [{ use: 'loopback' }] }],
    });
    const { accounts } = await (await load()).options();
    expect(accounts?.[0]).toMatchObject({ name: 'work', identities: ['ann@work.test'] });
    expect(await accounts?.[0]?.credentials?.get(new AbortController().signal)).toEqual({ user: 'ann', pass: 'secret' });
  });

  it('groups of accounts are handed on as they are written, and shown', async () => {
    const groups = [
      { name: 'often', everyMs: 60_000, on: ['start'], members: [{ account: 'work', inbound: true, outbound: true, headersOnly: true }] },
    ];
    await json({ accounts: [{ name: 'work', providers: [{ use: 'loopback' }] }], groups });
    expect(await (await load()).options()).toMatchObject({ groups });
    expect((await load()).effective.groups).toEqual(groups);
  });
});

describe('what holds', () => {
  it('U-015 the retry schedule that applies without any setting is shown whole', async () => {
    const { effective } = await load();
    expect(effective.retry).toMatchObject({ earlyMs: [10_000, 60_000, 300_000, 900_000], later: { firstMs: 2_400_000 }, lifetimeMs: 432_000_000 });
  });

  it('a changed part of the schedule leaves the rest as it is', async () => {
    await json({ retry: { later: { maxMs: 7_200_000 }, maxAttempts: 9 } });
    const { effective } = await load();
    expect(effective.retry).toMatchObject({
      maxAttempts: 9,
      earlyMs: [10_000, 60_000, 300_000, 900_000],
      later: { firstMs: 2_400_000, maxMs: 7_200_000 },
    });
  });

  it('X-021 no secret is in what is shown', async () => {
    const secret = 'canary-7f3a';
    await json({
      providers: [
        `smtps://ann:${secret}@a.test`,
        { use: 'smtp', host: 'b.test', auth: { user: 'ann', pass: secret }, tls: { key: secret } },
        `imap://ann:${secret}@c.test/x?y`,
      ],
      accounts: [
        {
          name: 'work',
          credentials: { user: 'ann', accessToken: secret },
          providers: [{ use: './x.mjs', headers: { authorization: secret }, apiKeys: { first: secret } }],
        },
      ],
    });
    const { effective } = await load({ environment: { MAILSPOOL_SMTP: `smtp://bob:${secret}/with@slash@d.test` } });
    expect(JSON.stringify(effective)).not.toContain(secret);
    expect(JSON.stringify(effective)).toContain('"user":"ann"');
  });
});

describe('bad input', () => {
  it.each([
    [{ direktory: 'x' }, 'direktory', 'Did you mean directory?'],
    [{ directory: 7 }, 'directory', ''],
    [{ reports: 'both' }, 'reports', ''],
    [{ retry: { later: { factr: 2 } } }, 'retry.later.factr', 'Did you mean retry.later.factor?'],
    [{ retry: { earlyMs: [1000, -1] } }, 'retry.earlyMs[1]', ''],
    [{ retention: { contentMs: '7d' } }, 'retention.contentMs', ''],
    [{ accounts: [{ name: 'a/b', providers: ['smtp://x.test'] }] }, 'accounts[0].name', ''],
    [{ accounts: [{ name: 'a', providers: [] }] }, 'accounts[0].providers', ''],
    [{ accounts: [{ name: 'a', providers: ['smtp://x.test'], credentials: { user: 'ann', password: 'x' } }] }, 'accounts[0].credentials.pass', ''],
    [{ providers: [{ host: 'x.test' }] }, 'providers[0].use', ''],
    [{ providers: [7] }, 'providers[0]', ''],
    [{ providers: 'smtp://x.test' }, 'providers', ''],
    [{ logger: 'loud' }, 'logger', ''],
    [[], '', ''],
  ])('%j names the field %s', async (value, field, remedy) => {
    await json(value);
    const error = await refusal(load);
    expect(error.code).toBe('ECONFIG');
    expect(error.field ?? '').toBe(field);
    expect(error.message).toContain(field);
    expect(error.remedy).not.toBe('');
    if (remedy !== '') expect(error.remedy).toBe(remedy);
  });

  it.each([
    [{ providers: [{ use: 'loopback', nme: 'x' }] }, 'providers[0].nme', 'Did you mean name?'],
    [{ providers: [{ use: 'smpt', host: 'x' }] }, 'providers[0].use', ''],
    [{ providers: ['ftp://x.test'] }, 'providers[0]', ''],
    [{ providers: ['smtp://x.test:port'] }, 'providers[0]', ''],
    [{ providers: [{ use: 'smtp', host: 'x.test', port: 70_000 }] }, 'providers[0].port', ''],
    [{ accounts: [{ name: 'a', providers: [{ use: 'imap', host: 'x.test', folders: [] }] }] }, 'accounts[0].providers[0].folders', ''],
    [
      {
        accounts: [
          { name: 'a', providers: ['smtp://x.test'] },
          { name: 'a', providers: ['smtp://y.test'] },
        ],
      },
      'accounts[1].name',
      '',
    ],
  ])('%j is refused before anything is connected, naming %s', async (value, field, remedy) => {
    await json(value);
    const error = await refusal(async () => await (await load()).options());
    expect(error.code).toBe('ECONFIG');
    expect(error.field).toBe(field);
    expect(error.remedy).not.toBe('');
    if (remedy !== '') expect(error.remedy).toBe(remedy);
  });

  it('an unreadable file: missing, broken, without export, throwing, of an unknown kind', async () => {
    expect((await refusal(async () => await load({ file: 'missing.json' }))).message).toContain('there is no such file');
    await writeFile(join(folder, 'a.json'), '{ "directory": ');
    expect((await refusal(async () => await load({ file: 'a.json' }))).message).toContain('is not valid JSON');
    await writeFile(join(folder, 'b.mjs'), 'export const x = 1;');
    expect((await refusal(async () => await load({ file: 'b.mjs' }))).message).toContain('no default export');
    await writeFile(join(folder, 'c.mjs'), 'throw new Error("canary");');
    expect((await refusal(async () => await load({ file: 'c.mjs' }))).message).toContain('canary');
    expect((await refusal(async () => await load({ file: 'd.yaml' }))).remedy).toContain('.json');
  });

  it('two configuration files in one folder are refused instead of one being ignored', async () => {
    await json({});
    await writeFile(join(folder, 'mailspool.config.mjs'), 'export default {}');
    expect((await refusal(load)).message).toMatch(/mailspool\.config\.mjs and mailspool\.config\.json/);
  });

  it('a misspelt variable is refused; a foreign one with our prefix is not', async () => {
    const error = await refusal(async () => await load({ environment: { MAILSPOOL_SMPT: 'smtp://x' } }));
    expect(error).toMatchObject({ code: 'ECONFIG', field: 'MAILSPOOL_SMPT', remedy: 'Did you mean MAILSPOOL_SMTP?' });
    await load({ environment: { MAILSPOOL_SERVICE_HOST: '10.0.0.1', MAILSPOOL_PORT: 'tcp://10.0.0.1:25' } });
    expect((await refusal(async () => await load({ environment: { MAILSPOOL_OFFLINE: 'perhaps' } }))).field).toBe('MAILSPOOL_OFFLINE');
  });

  it('an error never shows what may be a password', async () => {
    await json({ providers: ['smtps://ann:canary@host:x'] });
    const error = await refusal(async () => await (await load()).options());
    expect(error.message).not.toContain('canary');
  });

  it('X-026 __proto__ in JSON changes nothing', async () => {
    await writeFile(join(folder, 'mailspool.config.json'), '{ "__proto__": { "offline": true }, "retention": { "__proto__": { "x": 1 } } }');
    expect((await load()).effective.offline).toBe(false);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('a suggestion is made for a near name only', () => {
    expect(didYouMean('recieved', ['received', 'sent'])).toBe('received');
    expect(didYouMean('colour', ['received', 'sent'])).toBeUndefined();
  });
});
