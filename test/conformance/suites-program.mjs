// Both suites as a stranger runs them, from the built package: with node:test, with the globals of a runner of the
// tests' own (`--own`), or of whatever runner loads this file. `--wrong`: with a provider that forgets one of three recipients.
import { once } from 'node:events';
import { memoryStore } from 'mailspool';
import { loopback } from 'mailspool/providers/loopback';
import { conformanceMatrix, describeMessageStore, describeTransportProvider } from 'mailspool/testing';

const own = process.argv.includes('--own');
const runner = own ? ownRunner() : 'describe' in globalThis ? undefined : await import('node:test');
const reports = [];
const onReport = (report) => {
  reports.push(report);
  if (reports.length === 2) process.stdout.write(`\n${conformanceMatrix([report])}\n`);
};

function aProvider() {
  const wrong = process.argv.includes('--wrong');
  const provider = loopback({
    answer: ({ recipients }) => recipients.slice(wrong && recipients.length === 3 ? 1 : 0).map(({ id }) => ({ recipient: id, outcome: 'accepted' })),
  });
  return {
    provider: () => provider,
    delivered: () => provider.handedOver.map(({ bytes, recipients }) => ({ bytes, recipients: recipients.map(({ address }) => address) })),
    arrive: (bytes) => void provider.push(bytes),
    waiting: () => provider.waiting.length,
  };
}

async function aStore(clock) {
  const store = memoryStore({ clock });
  return { store, reopen: async () => store };
}

const options = { ...(runner && { runner }), onReport };
describeTransportProvider(
  aProvider,
  { send: true, receive: true, notify: true, delivered: true, arrive: true, waiting: true, stall: 'nothing is slow here' },
  options,
);
describeMessageStore(aStore, { reopen: true, sweep: true, crash: 'a memory is gone' }, options);
if (own) await runner.run();

/** The least that a runner is: no hooks, no skip. */
function ownRunner() {
  const tests = [];
  return {
    describe: (_name, body) => body(),
    it: (title, body) => void tests.push({ title, body }),
    async run() {
      for (const { title, body } of tests) {
        try {
          await body();
          process.stdout.write(`ok ${title}\n`);
        } catch (error) {
          process.exitCode = 1;
          process.stdout.write(`not ok ${title}: ${error.message}\n`);
        }
      }
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
  };
}
