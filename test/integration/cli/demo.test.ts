import { createTransport } from 'nodemailer';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { built, Place } from './mailspool.ts';

beforeAll(built, 60_000);

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
});

describe('the demo', () => {
  it('--once shows each step as it happens and ends with 0, leaving nothing behind', async () => {
    const ran = await place.run(['demo', '--once'], { env: { TMPDIR: place.folder } });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    for (const step of ['queued', 'prepared', 'handed over', 'relayed', 'refused', 'report', 'new mail', 'as expected'])
      expect(ran.stdout).toContain(step);
    expect(ran.stdout).toMatch(/refused +divers@harbour\.example +550 5\.1\.1 No such user here/);
    expect(ran.stdout.indexOf('queued')).toBeLessThan(ran.stdout.indexOf('relayed'));
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('ends by itself where its output is no terminal, and its --json is one object per line', async () => {
    const ran = await place.run(['demo', '--json'], { env: { TMPDIR: place.folder } });
    const lines = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; asExpected?: boolean });
    expect(lines.at(-1)).toEqual({ type: 'verdict', asExpected: true, complaints: [] });
    expect(ran.code).toBe(0);
  });
});

describe('the sandbox', () => {
  it('takes mail by SMTP until it is stopped; a spooler receives it by IMAP', async () => {
    const sandbox = place.start(['sandbox', '--json', '--user', 'ann:secret']);
    const [line = ''] = (await sandbox.shows(/\n/)).split('\n');
    const { smtp, imap } = JSON.parse(line) as { smtp: string; imap: string };
    const run = place.start(['run', '--imap', imap]);
    await run.shows(/logged on/);
    const transport = createTransport(smtp);
    await transport.sendMail({ from: 'bob@test', to: 'ann@anywhere.test', subject: 'Into the sandbox', text: 'x' });
    transport.close();
    await run.shows(/new mail/);
    expect((await place.run(['list', '--inbound'])).stdout).toContain('Into the sandbox');
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
    sandbox.child.kill('SIGINT');
    expect(await sandbox.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('a port that is taken is refused with a remedy', async () => {
    const first = place.start(['sandbox', '--json']);
    const [line = ''] = (await first.shows(/\n/)).split('\n');
    const { port } = new URL((JSON.parse(line) as { smtp: string }).smtp);
    const second = await place.run(['sandbox', '--smtp-port', port]);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/\(ECONFIG\)\n/);
  });
});
