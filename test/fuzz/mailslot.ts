// Frames of mailslots that nobody would send: no decoder throws, what it lets through keeps to the rules, and a hub counts
// each of them once. A run is repeated by its seed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from 'mailspool/provider';
import { type HubCounters, mailslotHost, type MailslotNetwork, type OnFrame } from 'mailspool/providers/mailslot';
import { seededRandom } from 'mailspool/testing';
import { KeyRing } from '../../providers/mailslot/wire/authentication.ts';
import { maxWriteBytes } from '../../providers/mailslot/wire/mailslot-write.ts';
import { msMailFormat } from '../../providers/mailslot/wire/ms-mail-frame.ts';
import { nativeFormat } from '../../providers/mailslot/wire/native-frame.ts';
import type { Datagram, DropReason, WireFormat } from '../../providers/mailslot/wire/wire-format.ts';
import { below, fuzzed } from './bytes.ts';

export interface FuzzedFormat {
  readonly format: string;
  readonly frames: number;
  readonly seed: number;
  readonly seconds: number;
  readonly counters: HubCounters;
  /** Sentences of what went wrong; none: it held. */
  readonly faults: readonly string[];
}

const now = 1_900_000_000_000;
const clock: Clock = { now: () => now, sleep: () => new Promise(() => {}) };
const authentication = { mode: 'require', keys: [{ id: 'k1', secret: 'a secret of some length' }] } as const;
const keys = new KeyRing(authentication);

/** The formats, with what a hub is told to speak them. */
const formats: Readonly<Record<string, { readonly network: MailslotNetwork; format(random: Random): WireFormat }>> = {
  native: { network: {}, format: () => nativeFormat() },
  authenticated: { network: { authentication }, format: () => nativeFormat(keys) },
  'ms-mail': { network: { format: 'ms-mail' }, format: (random) => msMailFormat(random, { sourceAddress: '192.0.2.1', sourcePort: 138 }) },
};

export const fuzzedFormats: readonly string[] = Object.keys(formats);

export async function fuzzMailslot(name: string, frames: number, seed: number): Promise<FuzzedFormat> {
  const { network, format: formatOf } = formats[name] as (typeof formats)[string];
  const random = seededRandom(`${name} ${seed}`);
  const format = formatOf(random);
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-fuzz-'));
  const faults: string[] = [];
  let receive: OnFrame = () => undefined;
  const link = { send: async () => undefined, close: async () => undefined };
  const transport = { listen: async (_: unknown, onFrame: OnFrame) => ((receive = onFrame), link), sender: async () => link };
  const host = mailslotHost({ name: 'bob', primaryDomain: 'office', directory, clock, random, network: { ...network, transport } });
  const slot = await host.createMailslot('\\\\.\\mailslot\\news', { readTimeout: 0, maxQueuedMessages: 100 });
  const from = performance.now();
  let seen = 0;
  try {
    for (let number = 0; number < frames; number += 1) {
      const frame = fuzzed(random, () => format.encode(datagram(random)));
      const fault = objection(format, frame) ?? thrown(() => receive(frame, { address: '192.0.2.1', port: 138 }));
      if (fault !== undefined) faults.push(`frame ${number}: ${fault}: ${frame.toString('hex')}`);
      if (slot.info().messageCount === 100) for (; slot.info().messageCount > 0; seen += 1) await slot.read();
      // What looks for slots of other processes has its turn.
      if (number % 1_000 === 0) await new Promise(setImmediate);
    }
    for (; slot.info().messageCount > 0; seen += 1) await slot.read();
    const counters = await settled(() => host.hub.counters);
    if (counters.received !== frames) faults.push(`${counters.received} of ${frames} frames were received`);
    if (sum(counters) !== counters.received) faults.push(`${counters.received} were received, and ${sum(counters)} counted for what became of them`);
    if (counters.delivered !== seen) faults.push(`${counters.delivered} were delivered, and ${seen} read`);
    return { format: name, frames, seed, seconds: (performance.now() - from) / 1_000, counters, faults };
  } finally {
    await slot.close();
    await host.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const sum = ({ received: _, ...others }: HubCounters): number => Object.values(others).reduce((all, one) => all + one, 0);

/** Whether a slot of that name is in another process is known a little later. */
async function settled(counters: () => HubCounters): Promise<HubCounters> {
  for (let tries = 0; tries < 1_000 && sum(counters()) !== counters().received; tries += 1) await new Promise(setImmediate);
  return counters();
}

/** One that a sender might send: names and data of any allowed length, most of them for us. */
function datagram(random: Random): Datagram {
  const name = (most: number) => 'n'.repeat(1 + below(random, most));
  const path = [['news'], ['NEWS'], ['news', name(20)], [name(200)]][below(random, 4)] ?? ['news'];
  return {
    id: Buffer.from(random.bytes(16)).toString('hex'),
    sentAt: now,
    source: name(15),
    scope: below(random, 2) === 0 ? 'host' : 'domain',
    target: ['bob', 'office', 'OFFICE', name(15)][below(random, 4)] ?? 'bob',
    path,
    data: random.bytes(below(random, Math.min(424, maxWriteBytes(path)) + 1)),
  };
}

function objection(format: WireFormat, frame: Buffer): string | undefined {
  let decoded: Datagram | DropReason = 'malformed';
  const fault = thrown(() => (decoded = format.decode(frame)));
  return fault ?? (typeof decoded === 'string' ? undefined : unruly(decoded, format, frame));
}

/** What a decoder lets through is within the frame, and no larger than allowed. */
function unruly({ source, target, path, data, sentAt, id }: Datagram, format: WireFormat, frame: Buffer): string | undefined {
  if (frame.length > format.maxFrameBytes) return `a frame of ${frame.length} bytes was decoded`;
  if (data.length > format.maxDataBytes(path)) return `${data.length} bytes of data were decoded`;
  const isInside =
    data.length === 0 ||
    (data.buffer === frame.buffer && data.byteOffset >= frame.byteOffset && data.byteOffset + data.length <= frame.byteOffset + frame.length);
  if (!isInside) return 'the data are from elsewhere';
  if (path.length === 0 || path.includes('') || !/^[ -~]+$/.test(path.join(''))) return `the path is ${JSON.stringify(path)}`;
  if (/[\0-\x1f\x7f-\x9f]/.test(source)) return `the source is ${JSON.stringify(source)}`;
  if (typeof target !== 'string') return 'there is no target';
  if (sentAt !== undefined && Number.isNaN(new Date(sentAt).getTime())) return `it was sent at ${sentAt}`;
  return id === undefined || /^[0-9a-f]{32}$/.test(id) ? undefined : `the identifier is ${id}`;
}

function thrown(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return `it threw ${String(error)}`;
  }
}
