// Computers on a faulty network, on virtual time. Each has a directory of its own, unless processes of one computer are
// wanted: those share name, address and directory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant, Random } from 'mailspool/provider';
import { type Mailslot, mailslotHost, type MailslotHost, type MailslotHostOptions, type MailslotNetwork } from 'mailspool/providers/mailslot';
import { seededRandom, virtualTime, type VirtualTime } from 'mailspool/testing';
import { faultyNetwork, type FaultyNetwork } from './faulty-network.ts';

export interface Computer extends Pick<MailslotHostOptions, 'primaryDomain' | 'memberOf'> {
  readonly name: string;
  readonly address: string;
  readonly network?: MailslotNetwork;
  /** How far its clock is ahead. */
  readonly aheadMs?: number;
}

export interface WireWorld extends AsyncDisposable {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: FaultyNetwork;
  /** A process on that computer; one with the same name is another process there. */
  process(computer: Computer): MailslotHost;
}

export async function wireWorld(seed: number | string = 1): Promise<WireWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslots-'));
  const time = virtualTime();
  const random = seededRandom(seed);
  const network = faultyNetwork(time, random);
  const processes: MailslotHost[] = [];
  return {
    time,
    random,
    network,
    process: ({ name, address, aheadMs = 0, network: options = {}, ...rest }) => {
      const now = (): Instant => time.now() + aheadMs;
      const clock = { now, sleep: (ms: number, signal?: AbortSignal) => time.sleep(ms, signal) };
      const transport = network.at(address);
      const host = mailslotHost({
        name,
        directory: join(directory, name),
        clock,
        random,
        network: { addresses: [address], transport, ...options },
        ...rest,
      });
      processes.push(host);
      return host;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(processes.map(async (one) => await one.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What waits in it, as text, oldest first. */
export async function texts(slot: Mailslot): Promise<string[]> {
  const found: string[] = [];
  for (let left = slot.info().messageCount; left > 0; left -= 1) found.push(Buffer.from((await slot.read())?.data ?? []).toString());
  return found;
}

/** Received is the sum of what became of it. */
export function sumOf({ received, ...rest }: MailslotHost['hub']['counters']): { readonly received: number; readonly sum: number } {
  return { received, sum: Object.values(rest).reduce((sum, one) => sum + one, 0) };
}
