// The page that says what clients see of each fault. After a change there: npx vitest run --project docs -u
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seen, smtpFaultsPage, type Seen } from './smtp-faults-page.ts';

describe('what clients see of the faults of fakeSmtp', () => {
  let cases: readonly Seen[] = [];
  beforeAll(async () => {
    cases = await seen();
  }, 30_000);

  it('U-062 is what the page says', async () => {
    await expect(smtpFaultsPage(cases)).toMatchFileSnapshot(resolve(import.meta.dirname, '../../docs/reference/smtp-faults.md'));
  });

  it('U-016 there are these ways to take a message and not to say so', () => {
    const unsure = cases.filter(
      ({ step, client, saw, taken }) => client === 'plain' && taken && !saw.startsWith('as usual') && /DATA|BDAT|dot/.test(step),
    );
    expect(unsure.map(({ step, misdeed, saw }) => `${step} ${JSON.stringify(misdeed)}: ${saw}`).sort()).toEqual([
      'BDAT "acceptThenDrop": closed',
      'BDAT "replyThenDrop": closed, at RSET',
      'DATA "acceptThenDrop": closed, at dot',
      'dot "acceptThenDrop": closed',
      'dot "replyThenDrop": closed, at RSET',
      'dot "stall": silence',
      'dot {"dropAtByte":2}: `25`, then closed',
      'dot {"stallAtByte":2}: `25`, then silence',
    ]);
  });
});
