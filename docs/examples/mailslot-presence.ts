// example: who is in the office. Three computers in one program, each with an address of the loopback of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { mailslotHost } from 'mailspool/providers/mailslot';

const desks = { ANN: '127.0.0.2', BOB: '127.0.0.3', CLEO: '127.0.0.4' };
/** A notice is repeated so often, and holds three times as long: one that is lost does no harm, and nobody need say goodbye. */
const everyMs = 100;
const folder = await mkdtemp(join(tmpdir(), 'office-'));

async function desk(name: keyof typeof desks) {
  const host = mailslotHost({
    name,
    primaryDomain: 'OFFICE',
    directory: join(folder, name),
    network: { addresses: [desks[name]], port: 25_138, domains: { OFFICE: Object.values(desks) } },
  });
  const slot = await host.createMailslot('\\\\.\\mailslot\\presence');
  const office = await host.openMailslot('\\\\*\\mailslot\\presence');
  const lastSeen = new Map<string, number>();
  const reading = (async () => {
    for await (const { datagram, receivedAt } of slot) if (datagram) lastSeen.set(datagram.host, receivedAt);
  })();
  const timer = setInterval(() => void office.write('here').catch(() => undefined), everyMs);
  return {
    present: () => [...lastSeen].filter(([, at]) => Date.now() - at < 3 * everyMs).map(([who]) => who),
    leave: async () => {
      clearInterval(timer);
      await office.close();
      await slot.close();
      await host.close();
      await reading;
    },
  };
}

const [ann, bob, cleo] = await Promise.all([desk('ANN'), desk('BOB'), desk('CLEO')]);
while (bob.present().length < 3) await passed(10);
console.log('Bob sees', bob.present().sort().join(', '));

await cleo.leave();
while (bob.present().length > 2) await passed(10);
console.log('Bob sees', bob.present().sort().join(', '));

await Promise.all([ann.leave(), bob.leave()]);
await rm(folder, { recursive: true });
