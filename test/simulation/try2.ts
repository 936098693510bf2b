import { simulate } from './simulate.ts';
const [seed, grep] = [Number(process.argv[2]), process.argv[3] ?? ''];
const { world, failure } = await simulate(seed, { keepTrace: true });
console.log(failure);
const start = Date.UTC(2030, 0, 1);
for (const line of world.trace.lines)
  if (new RegExp(grep).test(line)) console.log(line.replace(/^\d+/, (n) => ((Number(n) - start) / 1000).toFixed(1)));
console.log(JSON.stringify((await world.spooler!.status()).map((r) => [r.id, r.statusText, r.gate, r.queued, r.flags])));
console.log(
  (world.time.now() - start) / 1000,
  [...world.mailboxes].map((m) => [m.box, m.mails.size, m.pending, [...m.mails.keys()].slice(0, 3)]),
  world.faults.fired,
);
