// A computer of a test: a process that has slots and writes to those of others, as lines of JSON on stdin ask it to. It
// runs the compiled code, as a user's program does.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [root = '', options = '{}'] = process.argv.slice(2);
const { mailslotHost } = await import(pathToFileURL(join(root, 'dist/providers/mailslot/index.js')).href);
const host = mailslotHost(JSON.parse(options));
const slots = new Map();
const writers = new Map();

const acts = {
  create: async ({ name, ...settings }) => {
    slots.set(name, await host.createMailslot(`\\\\.\\mailslot\\${name}`, { readTimeout: 0, ...settings }));
    return true;
  },
  // As base64, since a message is bytes.
  write: async ({ to, data, times = 1 }) => {
    const key = JSON.stringify(to);
    if (!writers.has(key)) writers.set(key, await host.openMailslot(to));
    let written;
    for (let count = 0; count < times; count += 1) written = await writers.get(key).write(Buffer.from(data, 'base64'));
    return written;
  },
  read: async ({ name }) => {
    const message = await slots.get(name).read();
    return message ? { ...message, data: Buffer.from(message.data).toString('base64') } : null;
  },
  hub: async () => ({ state: host.hub.state, counters: host.hub.counters }),
  close: async () => {
    for (const slot of slots.values()) await slot.close();
    await host.close();
    process.stdin.destroy();
    return true;
  },
};

process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { id, act, ...rest } = JSON.parse(line);
  const answer = await acts[act](rest).then(
    (result) => ({ id, result }),
    (error) => ({ id, error: { code: error.code, message: error.message } }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
