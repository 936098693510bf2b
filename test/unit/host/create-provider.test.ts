// What `mailspool create provider` makes, refuses and leaves alone. That its tests pass is shown by the guide's own test.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProvider } from '../../../src/index.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'mailspool-create-'))));
afterEach(() => rm(folder, { recursive: true }));

const source = async (name: string) => await readFile(join(folder, name, 'src/index.ts'), 'utf8');

describe('createProvider', () => {
  it('gives the template its own name everywhere: session, function, options, address type', async () => {
    const { directory, files } = await createProvider({ name: 'paper-mail', directory: join(folder, 'paper-mail') });
    expect(directory).toBe(join(folder, 'paper-mail'));
    for (const file of files) expect(await readFile(join(directory, file), 'utf8')).not.toMatch(/template(?! for|:)/i);
    const text = await source('paper-mail');
    for (const part of ["name: 'paper-mail'", 'export function paperMail(', 'interface PaperMailOptions', "['PAPER-MAIL']"])
      expect(text).toContain(part);
    expect(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).toMatchObject({ name: 'mailspool-provider-paper-mail' });
  });

  it.each(['delete', 'inbox', 'template', 'message'])('%s, a word that code cannot or does not spare, becomes a function beside it', async (name) => {
    await createProvider({ name, directory: join(folder, name) });
    expect(await source(name)).toContain(`export function ${name}Provider(`);
    expect(await source(name)).toContain(`name: '${name}'`);
  });

  it.each(['', 'Pager', '9lives', 'a--b', '-a', '../up', 'a/b', 'a b', 'x'.repeat(51)])(
    'the name %j is refused, and nothing is made',
    async (name) => {
      await expect(createProvider({ name, directory: join(folder, 'it') })).rejects.toMatchObject({ code: 'EINVALID', field: 'name' });
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('a folder that exists is refused and left as it is; so is one that cannot be made', async () => {
    await mkdir(join(folder, 'pager'));
    const again = createProvider({ name: 'pager', directory: join(folder, 'pager') });
    await expect(again).rejects.toMatchObject({ code: 'EINVALID', field: 'name', message: `${join(folder, 'pager')} exists already` });
    expect(await readdir(join(folder, 'pager'))).toEqual([]);
    await expect(createProvider({ name: 'pager', directory: join(folder, 'none', 'pager') })).rejects.toMatchObject({ code: 'EINVALID' });
    expect(await readdir(folder)).toEqual(['pager']);
  });
});
