// The other process of the benches and tests of mailslots: it receives, by a slot or by Node's own sockets, and says how
// much has come. It runs the compiled code, as a user's program does.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [root = ''] = process.argv.slice(2);
const { mailslotHost } = await import(pathToFileURL(join(root, 'dist/providers/mailslot/index.js')).href);

/** The number of messages that have come is said each so many, so that the sender keeps within what is under way. */
const reportEach = 128;
const headBytes = 5;
let came = 0;
let outOfOrder = 0;

function comes(number) {
  if (number !== undefined && number !== came) outOfOrder += 1;
  came += 1;
  if (came % reportEach === 0) process.send({ came });
}

const numberOf = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).readUInt32BE();

const roles = {
  /** The sender says which numbers it sends, in order. */
  slot: async ({ host: options, slot: name, settings, echo }) => {
    const host = mailslotHost(options);
    const slot = await host.createMailslot(name, settings);
    const writer = echo && (await host.openMailslot(echo));
    const under = [];
    void (async () => {
      for await (const { data, via } of slot) {
        comes(via === 'local' ? numberOf(data) : undefined);
        if (!writer) continue;
        under.push(writer.write(data));
        if (under.length >= 64) await Promise.all(under.splice(0));
      }
    })();
    const told = () => ({ rss: process.memoryUsage().rss, state: host.hub.state, counters: host.hub.counters, ...slot.info() });
    return { told };
  },
  /** A slot that nobody reads. */
  full: async ({ host: options, slot: name, settings }) => {
    const host = mailslotHost(options);
    const slot = await host.createMailslot(name, settings);
    return { told: () => ({ rss: process.memoryUsage().rss, state: host.hub.state, counters: host.hub.counters, ...slot.info() }) };
  },
  dgram: async ({ address, port }) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1_024 * 1_024 });
    socket.on('message', () => comes());
    await new Promise((bound) => socket.bind(port, address, bound));
    return { told: () => ({}) };
  },
  unix: async ({ path }) => {
    const server = createServer((socket) => {
      let rest = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
        let [at, frames] = [0, 0];
        for (; rest.length - at >= headBytes; frames += 1) {
          const length = headBytes + rest.readUInt32BE(at);
          if (rest.length - at < length) break;
          comes(rest.readUInt32BE(at + headBytes));
          at += length;
        }
        rest = rest.subarray(at);
        if (frames > 0) socket.write(Buffer.alloc(frames));
      });
    });
    await new Promise((listening) => server.listen(path, listening));
    return { told: () => ({}) };
  },
};

let role;
process.on('message', async ({ open, ask }) => {
  if (open) {
    role = await roles[open.role](open);
    process.send({ opened: true });
  } else process.send({ ask, answer: { came, outOfOrder, ...role.told() } });
});
process.on('disconnect', () => process.exit());
