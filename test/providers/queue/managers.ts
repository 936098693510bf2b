// Queue managers for tests: on virtual time, each in a directory of its own, closed when the test ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  embeddedEngine,
  queueManager,
  type EmbeddedEngineOptions,
  type Queue,
  type QueueManager,
  type QueuedMessage,
} from 'mailspool/providers/queue';
import { seededRandom, virtualTime, type VirtualTime } from 'mailspool/testing';
import { onTestFinished } from 'vitest';

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mailspool-queues-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Computer {
  readonly manager: QueueManager;
  readonly clock: VirtualTime;
  readonly directory: string;
  /** Creates it if it is not there, and opens it for receiving and for sending. */
  queue(name: string, properties?: Parameters<QueueManager['createQueue']>[1]): Promise<{ readonly reader: Queue; readonly sender: Queue }>;
  /** What a queue holds, taken out. */
  drained(formatName: string): Promise<QueuedMessage[]>;
}

export interface ComputerOptions extends Partial<EmbeddedEngineOptions> {
  readonly clock?: VirtualTime;
  readonly seed?: number;
}

export async function computer({ clock = virtualTime(), seed = 1, directory = newDirectory(), ...options }: ComputerOptions = {}): Promise<Computer> {
  const engine = embeddedEngine({ directory, ...options });
  const manager = await queueManager({ engine, host: 'HARBOUR', sender: 'ann', clock, random: seededRandom(seed) });
  onTestFinished(async () => await manager.close());
  return {
    manager,
    clock,
    directory,
    queue: async (name, properties) => {
      await manager.createQueue(`.\\private$\\${name}`, properties);
      const formatName = `DIRECT=OS:.\\private$\\${name}`;
      return { reader: await manager.openQueue(formatName, { access: 'receive' }), sender: await manager.openQueue(formatName, { access: 'send' }) };
    },
    drained: async (formatName) => {
      const all: QueuedMessage[] = [];
      await using reader = await manager.openQueue(formatName, { access: 'receive' });
      for (;;) {
        const message = await reader.receive({ timeoutMs: 0 }).catch((error: { code: string }) => {
          if (error.code === 'ETIMEDOUT') return undefined;
          throw error;
        });
        if (!message) return all;
        all.push(message);
      }
    },
  };
}

export const text = ({ body }: Pick<QueuedMessage, 'body'>): string => Buffer.from(body).toString();

export const deadLetters = 'DIRECT=OS:.\\SYSTEM$;DEADLETTER';
export const transactionalDeadLetters = 'DIRECT=OS:.\\SYSTEM$;DEADXACT';
export const copies = 'DIRECT=OS:.\\SYSTEM$;JOURNAL';
export const journalOf = (name: string): string => `DIRECT=OS:.\\private$\\${name};JOURNAL`;
