// Starts a worker that has a connection: from JavaScript, and without the warning of an experimental module.
import { Worker } from 'node:worker_threads';
import { compiledModule } from './compiled-module.ts';
import { bestDriver } from './driver.ts';

/** `module`: its address as a source or as built. */
export const startWorker = (module: URL, workerData: unknown): Worker =>
  new Worker(compiledModule(module), { workerData, ...(announcesItself() && { execArgv: ['--disable-warning=ExperimentalWarning'] }) });

/** On Node 22 node:sqlite prints that it is experimental; that is not the user's concern. Other Nodes keep their flags. */
const announcesItself = (): boolean => process.versions.node.startsWith('22.') && bestDriver() === 'node:sqlite';
