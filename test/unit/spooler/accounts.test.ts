// What a refused logon means for the provider, for the others of its account, and for mail.
import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type OptionDeclaration, type TransportProvider, type TransportSession } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { AccountOptions } from '../../../src/index.ts';
import { note, world } from './world.ts';

/** A provider whose logon does what `next` says: throws it, or succeeds where it is undefined. */
function refusing(name: string, next: () => Error | undefined, session: Partial<TransportSession> = {}) {
  const provider: TransportProvider & { logons: number } = {
    name,
    logons: 0,
    logon: async () => {
      provider.logons += 1;
      const error = next();
      if (error) throw error;
      return { addressTypes: ['FAX'], submitMessage: async () => ({ outcome: 'accepted' }), ...session };
    },
  };
  return provider;
}

const account = (more: Partial<AccountOptions> & Pick<AccountOptions, 'providers'>): AccountOptions => ({ name: 'home', ...more });
const fax = { type: 'FAX', address: '+49 30 1' };

test('M-007 a provider that says it alone is out is not tried again, its siblings go on, and its mail is reported, not kept waiting', async () => {
  const out = refusing('out', () => new TransportError('EFAILONEPROVIDER', 'no modem'));
  const sibling = loopback();
  const { spooler, clock, states } = await world({ providers: [], accounts: [account({ providers: [out, sibling] })] });
  const { id } = await spooler.submit(note());
  const lost = await spooler.submit(note(fax));
  await clock.advance('6h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
  expect(await states(lost.id)).toEqual({ '+49 30 1': 'failed' });
  expect(out.logons).toBe(1);
});

test('M-007 M-101 validate with configChanged lets it try again', async () => {
  let isPlugged = false;
  const out = refusing('out', () => (isPlugged ? undefined : new TransportError('EFAILONEPROVIDER', 'no modem')));
  const { spooler, clock } = await world({ providers: [out] });
  await clock.advance('6h');
  isPlugged = true;
  await spooler.validate({ configChanged: true });
  await clock.settle();
  expect(await spooler.listAddressTypes()).toEqual(['FAX']);
});

test('M-008 any other refusal disables the providers of its account until the next try, and nobody else', async () => {
  let isBroken = true;
  const broken = refusing('broken', () => (isBroken ? new Error('the service is not installed') : undefined));
  const [sibling, stranger] = [loopback(), loopback({ name: 'stranger', addressTypes: ['X400'] })];
  const { spooler, clock, states } = await world({ providers: [stranger], accounts: [account({ providers: [broken, sibling] })] });
  const waiting = await spooler.submit(note());
  const foreign = await spooler.submit(note({ type: 'X400', address: '/C=DE/' }));
  await clock.advance('1s');
  expect(await states(waiting.id)).toEqual({ 'bob@harbour.example': 'queued' });
  expect(await states(foreign.id)).toEqual({ '/C=DE/': 'relayed' });
  expect((await spooler.explain(waiting.id))[0]?.gate?.reason).toBe('unreachable');
  isBroken = false;
  await clock.advance('1m');
  expect(await states(waiting.id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-008 wrong credentials of one provider are no word on the others', async () => {
  const denied = refusing('denied', () => new TransportError('EAUTH', 'wrong password'));
  const { spooler, clock, states } = await world({ providers: [], accounts: [account({ providers: [denied, loopback()] })] });
  const { id } = await spooler.submit(note());
  await clock.advance('1s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test("M-009 an unconfigured provider: the account's configure runs, told whether it may ask a person, and the logon is tried again at once", async () => {
  const asked: object[] = [];
  let isConfigured = false;
  const provider = refusing('fresh', () => (isConfigured ? undefined : new TransportError('EUNCONFIGURED', 'no server')));
  const configure = async (request: object) => {
    asked.push(request);
    isConfigured = true;
    return true;
  };
  const { spooler } = await world({ providers: [], interactive: true, accounts: [account({ providers: [provider], configure })] });
  expect(asked).toEqual([{ interactive: true, readOnly: false }]);
  expect(provider.logons).toBe(2);
  expect(await spooler.listAddressTypes()).toEqual(['FAX']);
});

test('M-009 a configure that declines, throws, or did not help leaves the session behind its gate, without a loop', async () => {
  for (const configure of [async () => false, async () => true, () => Promise.reject(new Error('closed the window'))]) {
    const provider = refusing('fresh', () => new TransportError('EUNCONFIGURED', 'no server'));
    const { spooler, clock } = await world({ providers: [], accounts: [account({ providers: [provider], configure })] });
    await clock.advance('1m');
    expect(provider.logons).toBeLessThanOrEqual(2);
    const row = (await spooler.status()).find(({ id }) => id === 'home/fresh');
    expect(row?.gate?.reason).toBe('authRequired');
    await spooler.stop();
  }
});

test('M-013 the options that sessions declare can be asked for; a session that fails at it is logged off', async () => {
  const cover: OptionDeclaration = { addressType: 'FAX', name: 'cover', on: 'message', default: true };
  const offs: string[] = [];
  const good = refusing('good', () => undefined, { options: [cover] });
  const bad: TransportProvider = {
    name: 'bad',
    logon: async () => ({
      addressTypes: ['TELEX'],
      get options(): never {
        throw new Error('the registry is gone');
      },
      logoff: async () => void offs.push('bad'),
    }),
  };
  const { spooler } = await world({ providers: [good, bad] });
  expect(await spooler.listOptions()).toEqual([cover]);
  expect(offs).toEqual(['bad']);
  expect(await spooler.listAddressTypes()).toEqual(['FAX']);
});

test('M-012 a session sees the full addresses of recipients that others carry', async () => {
  const seen: string[] = [];
  const curious: TransportProvider = {
    name: 'curious',
    logon: async () => ({
      addressTypes: ['FAX'],
      resolveRecipients: true,
      submitMessage: async ({ recipients, allRecipients }) => {
        seen.push(recipients.map(({ address }) => address).join(), allRecipients.map(({ type, address }) => `${type}:${address}`).join());
        return { outcome: 'accepted' };
      },
    }),
  };
  const { spooler, clock } = await world({ providers: [curious, loopback()] });
  await spooler.submit(note(['bob@harbour.example', fax]));
  await clock.settle();
  expect(seen).toEqual(['+49 30 1', 'SMTP:bob@harbour.example,FAX:+49 30 1']);
});

test('M-106 shutdown comes once for each provider, after its last session is logged off, also where it serves two accounts', async () => {
  const calls: string[] = [];
  const shared: TransportProvider = {
    name: 'shared',
    logon: async () => ({ addressTypes: ['SMTP'], logoff: async () => void calls.push('logoff') }),
    shutdown: async () => void calls.push('shutdown'),
  };
  const accounts = [account({ providers: [shared] }), account({ name: 'work', providers: [shared] })];
  const { spooler } = await world({ providers: [], accounts });
  await spooler[Symbol.asyncDispose]();
  await spooler.stop();
  expect(calls).toEqual(['logoff', 'logoff', 'shutdown']);
});

test('M-088 events reach a session beside its pending calls', async () => {
  const calls: string[] = [];
  let finish = (): void => undefined;
  const provider: TransportProvider = {
    name: 'busy',
    logon: async () => ({
      addressTypes: ['SMTP'],
      submitMessage: async () => {
        calls.push('submitMessage');
        await new Promise<void>((resolve) => (finish = resolve));
        return { outcome: 'accepted' };
      },
      transportNotify: (event) => void ('on' in event && calls.push(`${event.type} ${event.on}`)),
    }),
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  const { id } = await spooler.submit(note());
  await clock.settle();
  await spooler.suspend();
  expect(calls).toEqual(['outbound true', 'inbound true', 'submitMessage', 'outbound false', 'inbound false']);
  finish();
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-089 readyToSend: a transport that had said it is down and has recovered is offered its messages again', async () => {
  let isDown = true;
  let recovered = (): void => undefined;
  const provider: TransportProvider = {
    name: 'line',
    logon: async (support) => {
      recovered = () => support.spoolerNotify({ type: 'readyToSend' });
      return {
        addressTypes: ['SMTP'],
        submitMessage: async () => {
          if (isDown) throw new TransportError('ENETWORK', 'no line', { outcome: 'notSent', gate: { reason: 'unreachable' } });
          return { outcome: 'accepted' };
        },
      };
    },
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  const { id } = await spooler.submit(note());
  await clock.settle();
  isDown = false;
  recovered();
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-087 with inbound off the message in progress is finished, and news of the session are ignored', async () => {
  const saved: string[] = [];
  let goOn = (): void => undefined;
  let tell = (): void => undefined;
  const provider: TransportProvider = {
    name: 'in',
    logon: async (support) => {
      tell = () => support.spoolerNotify({ type: 'newMail' });
      return {
        addressTypes: [],
        reception: 'notify',
        startMessage: async (message) => {
          if (saved.length > 0) saved.push('again');
          await new Promise<void>((resolve) => (goOn = resolve));
          await message.setReference(`mail ${saved.length}`);
          await message.setContent(Buffer.from('Subject: news\r\n\r\n'));
          await message.saveChanges();
          saved.push('saved');
        },
      };
    },
  };
  const { spooler, clock } = await world({ providers: [provider] });
  tell();
  await clock.settle();
  await spooler.suspend();
  goOn();
  tell();
  await clock.advance('1h');
  expect(saved).toEqual(['saved']);
});

test('M-087 with outbound off the message in progress is sent, and the next one waits', async () => {
  const { spooler, clock, provider } = await world({ loopback: { delayMs: 60_000 } });
  await spooler.submit(note());
  await clock.settle();
  await spooler.suspend();
  await spooler.submit(note('cleo@harbour.example'));
  await clock.advance('1h');
  expect(provider.handedOver.map(({ recipients }) => recipients[0]?.address)).toEqual(['bob@harbour.example']);
});
