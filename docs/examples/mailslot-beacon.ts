// example: a service says where it is, and a program finds it without a name server. Frames without the right key are dropped.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailslotHost, type MailslotHost } from 'mailspool/providers/mailslot';

const computers = { DESK: '127.0.0.2', PRINTER: '127.0.0.3', STRANGER: '127.0.0.4' };
const folder = await mkdtemp(join(tmpdir(), 'beacon-'));

const computer = (name: keyof typeof computers, secret: string): MailslotHost =>
  mailslotHost({
    name,
    primaryDomain: 'OFFICE',
    directory: join(folder, name),
    network: {
      addresses: [computers[name]],
      port: 25_139,
      domains: { OFFICE: Object.values(computers) },
      authentication: { mode: 'require', keys: [{ id: 'office', secret }] },
    },
  });

async function beacon(host: MailslotHost, what: object): Promise<() => Promise<void>> {
  const writer = await host.openMailslot('\\\\*\\mailslot\\services');
  // 424 bytes are little: say what it is and where, and let the service itself tell the rest.
  const timer = setInterval(() => void writer.write(JSON.stringify(what)).catch(() => undefined), 20);
  return async () => {
    clearInterval(timer);
    await writer.close();
    await host.close();
  };
}

const desk = computer('DESK', 'a secret of the office');
const services = await desk.createMailslot('\\\\.\\mailslot\\services', { readTimeout: 10_000 });
const beacons = [
  await beacon(computer('STRANGER', 'a guess of a stranger'), { service: 'printer', port: 666 }),
  await beacon(computer('PRINTER', 'a secret of the office'), { service: 'printer', port: 631 }),
];

const message = await services.read();
if (message?.datagram) {
  const { service, port } = JSON.parse(Buffer.from(message.data).toString()) as { service: string; port: number };
  console.log(`${service} of ${message.datagram.host} at ${message.datagram.address}:${port}`);
} else console.log('no printer announced itself within ten seconds');
while (desk.hub.counters.forged === 0) await services.read();
console.log('frames of a stranger were dropped');

for (const stop of beacons) await stop();
await services.close();
await desk.close();
await rm(folder, { recursive: true });
