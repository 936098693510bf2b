// Endpoints: queues of a name that both sides know.
import type { QueueManager } from '../local-queues.ts';
import { parseFormatName } from '../format-name.ts';
import { QueueError } from '../queue-error.ts';

/** Of queues that go with whoever made them. */
const temporaryLabel = 'temporary endpoint of queued RPC';

/** `private$\name` on this computer. @throws EINVALID: dynamic endpoints there are none */
export function endpointPath(endpoint: string): string {
  if (!/^[\w.-]{1,100}$/.test(endpoint))
    throw new QueueError('EINVALID', `an endpoint has a name of 1 to 100 letters, digits, dots and hyphens, not ${JSON.stringify(endpoint)}`, {
      field: 'endpoint',
      remedy: 'Choose a well-known name: there are no dynamic endpoints.',
    });
  return `.\\private$\\${endpoint}`;
}

/** Where a client sends: an endpoint of this computer, or a direct name of one queue. @throws EINVALID, ENOSUPPORT */
export function endpointFormatName(endpoint: string): string {
  if (!/[\\=,]/.test(endpoint)) return endpointPath(endpoint);
  if (parseFormatName(endpoint).kind !== 'direct')
    throw new QueueError('ENOSUPPORT', `${endpoint}: calls go to one server, by a direct name`, { field: 'endpoint' });
  return endpoint;
}

/** A queue that was left by who died goes first. @throws EEXIST for one that is not temporary */
export async function createTemporary(manager: QueueManager, path: string): Promise<void> {
  const found = await existing(manager, path);
  if (found && found.label !== temporaryLabel)
    throw new QueueError('EEXIST', `${path} is a permanent queue`, {
      field: 'endpoint',
      remedy: 'Listen with permanent: true, or use another endpoint.',
    });
  if (found) await manager.deleteQueue(path);
  await manager.createQueue(path, { label: temporaryLabel });
}

/** Creates it if it is not there. Returns whether it was. */
export async function createPermanent(manager: QueueManager, path: string): Promise<boolean> {
  const found = await existing(manager, path);
  if (found?.label === temporaryLabel) await manager.setProperties(path, { label: '' });
  if (!found) await manager.createQueue(path);
  return found !== undefined;
}

async function existing(
  manager: QueueManager,
  path: string,
): ReturnType<QueueManager['getProperties']> extends Promise<infer P> ? Promise<P | undefined> : never {
  try {
    return await manager.getProperties(path);
  } catch (error) {
    if (error instanceof QueueError && error.code === 'EQUEUENOTFOUND') return undefined;
    throw error;
  }
}
