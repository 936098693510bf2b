// One script of IMAP behaviours for fakeImap and a real Dovecot: the files in test/fixtures/imap, and in differences.ts
// what the fake does otherwise on purpose.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeImap } from 'mailspool/testing';
import { hasDovecot, startDovecot, type Dovecot } from '../dovecot/server.ts';
import { differences, extras } from './imap-behaviours/differences.ts';
import { exchanges, type Exchange } from './imap-behaviours/exchanges.ts';
import { play, scriptFile, scripts, scriptText } from './imap-behaviours/script.ts';

describe.skipIf(!hasDovecot('that the IMAP behaviours are those of a real server'))('IMAP behaviours of Dovecot', () => {
  let server: Dovecot;

  beforeAll(async () => {
    server = await startDovecot();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  it.each(scripts)('are those of the script: %s', async (name) => {
    const played = await play(scriptText(name), { host: server.host, port: server.port, ...server.newUser() });
    await expect(played).toMatchFileSnapshot(scriptFile(name));
  });
});

describe('IMAP behaviours of fakeImap', () => {
  it.each(scripts)('are those of Dovecot but for the listed differences: %s', async (name) => {
    const played = await playOnFake(name);
    const wanted = exchanges(scriptText(name)).map((exchange) => ({ ...exchange, answer: bent(name, exchange) }));
    expect(played.map(withoutExtras(wanted))).toEqual(wanted);
  });

  it.each(differences)('still differ from Dovecot: $script, $at', async ({ script, at }) => {
    const played = await playOnFake(script);
    const dovecot = exchanges(scriptText(script));
    const concerned = dovecot.flatMap(({ command }, index) => (at.test(command) ? [index] : []));
    const same = concerned.filter((index) => String(played[index]?.answer) === String(dovecot[index]?.answer));
    expect(same.length, 'no longer needed, or for too many commands').toBeLessThan(concerned.length);
  });

  it.each(extras)('still say more than Dovecot: $line', async ({ line, at }) => {
    let extra = 0;
    for (const name of scripts) {
      const dovecot = exchanges(scriptText(name));
      for (const [index, { command, answer }] of (await playOnFake(name)).entries())
        if (at.test(command) && answer.some((each) => line.test(each)) && !dovecot[index]?.answer.some((each) => line.test(each))) extra++;
    }
    expect(extra).toBeGreaterThan(0);
  });
});

async function playOnFake(name: string): Promise<Exchange[]> {
  await using server = await fakeImap({ users: { user1: 'secret' } });
  return exchanges(await play(scriptText(name), { host: server.host, port: server.port, user: 'user1', pass: 'secret' }));
}

const bent = (script: string, { command, answer }: Exchange): readonly string[] =>
  differences.filter((each) => each.script === script && each.at.test(command)).reduce((said, { fake }) => fake(said), answer);

/** An extra line counts as one only where the other has none. */
const withoutExtras =
  (wanted: readonly Exchange[]) =>
  (exchange: Exchange, index: number): Exchange => {
    const surplus = extras.filter(({ at, line }) => at.test(exchange.command) && !wanted[index]?.answer.some((each) => line.test(each)));
    return { ...exchange, answer: exchange.answer.filter((line) => !surplus.some((extra) => extra.line.test(line))) };
  };
