// node store-program.js <root of the checkout> <directory> <number of messages> <how many at once>
// Opens an embedded store, submits, tells each id once it is acknowledged and each refusal, closes, and ends by itself.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [root = '', directory = '', submits = '0', atOnce = '1'] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(`${root}/dist/src/${file}`).href);
const [{ embeddedStore }, { systemClock }, { systemRandom }] = await Promise.all([
  load('store/embedded/embedded-store.js'),
  load('time/clock.js'),
  load('time/random.js'),
]);

const tell = (told) => writeSync(1, `${JSON.stringify(told)}\n`);
const silent = () => undefined;
const support = {
  clock: systemClock,
  random: systemRandom,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  queueChanged: silent,
  spoolerNotify: async () => undefined,
  completeMessage: async () => undefined,
};

const message = (number) => ({
  content: { inline: Buffer.from(`Subject: ${number}\r\n\r\n${'x'.repeat(4000)}\r\n`) },
  folder: 'Outbox',
  properties: { messageId: `<${number}@example.org>` },
  returnPath: { type: 'SMTP', address: 'ann@example.org' },
  priority: 0,
  report: {},
  afterSend: {},
  guarantee: 'atLeastOnce',
  onUnknown: 'resend',
  recipients: [{ id: 1, kind: 'to', type: 'SMTP', address: 'bob@example.net', status: { state: 'queued' }, route: { session: 'work/smtp' } }],
});

const store = embeddedStore({ directory });
try {
  await store.open(support);
  tell({ opened: true });
  let next = 0;
  const submitter = async () => {
    while (next < Number(submits)) {
      next += 1;
      try {
        const [{ id }] = await store.submit([message(next)]);
        tell({ id });
      } catch ({ code, message, remedy, temporary }) {
        tell({ error: { code, message, remedy, temporary } });
      }
    }
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, submitter));
} catch ({ code, message, remedy, temporary }) {
  tell({ error: { code, message, remedy, temporary } });
} finally {
  await store[Symbol.asyncDispose]();
}
