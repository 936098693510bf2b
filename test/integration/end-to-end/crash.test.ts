// A short crash run, as `npm run crash` does long ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasDovecot } from '../dovecot/server.ts';

const kills = 5;
const script = fileURLToPath(new URL('../../crash/index.ts', import.meta.url));

describe.skipIf(!hasDovecot('that nothing is lost when the spooler is killed under load'))('npm run crash', () => {
  test(`T-001 T-012 T-013 T-052 F-02 F-03 F-04 F-24 ${kills} kills under load: nothing lost or received twice, duplicates within the bound`, async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, '--kills', String(kills), '--seed', '1', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const result = JSON.parse(output) as { readonly accepted: number; readonly duplicated: number; readonly bound: number };
    expect(result).toMatchObject({
      kills,
      phases: { 'accepted-no-reply': 1, replied: 1, settling: 1, claimed: 1, 'before-mail': 1 },
      lost: [],
      receivedTwice: [],
      altered: [],
      twiceInOneLife: [],
      failures: [],
    });
    expect(result.accepted).toBeGreaterThanOrEqual(100 * kills);
    expect(result.duplicated).toBeLessThanOrEqual(result.bound);
    expect(code).toBe(0);
  }, 180_000);
});
