// The commands of the guide, run as they stand there, in an empty folder.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { allPages, blocksOf } from '../../docs/pages.ts';
import { loopbackRegistry } from './loopback-registry.ts';

const run = promisify(execFile);
const page = allPages().filter(({ path }) => path === 'docs/guides/write-a-provider.md');
const commands = page
  .flatMap(blocksOf)
  .filter(({ language }) => language === 'sh')
  .map(({ code }) => code)
  .join('');

it('the commands of `write a provider` lead from an empty folder to a conformance suite that passes, without a network', async () => {
  expect(commands).toContain('npx mailspool create provider ');
  await using registry = await loopbackRegistry();
  const folder = await mkdtemp(join(tmpdir(), 'mailspool-guide-'));
  try {
    const { PATH } = process.env;
    const npm = { npm_config_registry: registry.url, npm_config_cache: join(folder, 'cache'), npm_config_offline: 'false', npm_config_yes: 'true' };
    const env = {
      PATH,
      HOME: folder,
      NO_COLOR: '1',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
      ...npm,
    };
    const { stdout } = await run('sh', ['-e', '-c', commands], { cwd: folder, env, maxBuffer: 1e8, timeout: 170_000 });
    expect(stdout).toMatch(/^(#|ℹ) pass [3-9]\d$/m);
    expect(stdout).toMatch(/^(#|ℹ) fail 0$/m);
    expect(registry.missing).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
