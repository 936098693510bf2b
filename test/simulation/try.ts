import { simulate } from './simulate.ts';
const from = Number(process.argv[2] ?? 1),
  to = Number(process.argv[3] ?? from);
for (let seed = from; seed <= to; seed++) {
  const t = process.cpuUsage();
  const { world: _w, ...run } = await simulate(seed, process.argv[4] ? { steps: Number(process.argv[4]) } : {});
  const cpu = process.cpuUsage(t);
  console.log(
    seed,
    run.hash,
    'steps',
    run.steps,
    'days',
    (run.virtualMs / 86400000).toFixed(1),
    'out',
    run.submitted,
    'in',
    run.delivered,
    'crashes',
    run.crashes,
    'cpu',
    ((cpu.user + cpu.system) / 1e6).toFixed(2),
    run.failure ?? 'ok',
  );
  if (from === to) console.log(run.transitions, run.faults, run.checks);
}
