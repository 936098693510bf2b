// `npm run fuzz -- mailslot`: bytes that nobody would send, against what reads them. Exit code 0: it held; 1: it did not;
// 2: usage.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzzedFormats, fuzzMailslot } from './mailslot.ts';

const usage = `usage: npm run fuzz -- mailslot [options]

options
  --frames N   of each format (default 1000000)
  --seed N     repeats a run
  --format F   ${fuzzedFormats.join(', ')} (default all)
  --help       this text
`;

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
      format: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [frames, seed] = [Number(values.frames), Number(values.seed)];
  const formats = fuzzedFormats.filter((format) => values.format === undefined || format === values.format);
  const isRight = positionals.join() === 'mailslot' && formats.length > 0 && [frames, seed].every((one) => Number.isSafeInteger(one) && one > 0);
  return values.help ? { help: true as const } : isRight ? { frames, seed, formats } : undefined;
}

async function main(): Promise<number> {
  const asked = options();
  if (!asked || 'help' in asked) {
    (asked ? process.stdout : process.stderr).write(usage);
    return asked ? 0 : 2;
  }
  let failed = 0;
  for (const format of asked.formats) {
    const { seconds, counters, faults } = await fuzzMailslot(format, asked.frames, asked.seed);
    const what = Object.entries(counters).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
    process.stdout.write(`${format}, seed ${asked.seed}, ${seconds.toFixed(1)} s: ${what.join(', ')}\n`);
    for (const fault of faults.slice(0, 20)) process.stdout.write(`FAULT: ${fault}\n`);
    failed += faults.length > 0 ? 1 : 0;
  }
  process.stdout.write(`${asked.formats.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main();
