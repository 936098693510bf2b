// Starts a worker that has a connection: from JavaScript, and without the warning of an experimental module.
import { Worker } from 'node:worker_threads';
import { compiledModule } from './compiled-module.ts';
import { bestDriver } from './driver.ts';

/** `module`: its address as a source or as built. */
export function startWorker(module: URL, workerData: unknown): Worker {
  const compiled = compiledModule(module);
  // What is built imports what is built, also where this process runs from the sources by a condition.
  const isTwin = compiled !== module;
  const flags = announcesItself() ? ['--disable-warning=ExperimentalWarning'] : [];
  return new Worker(compiled, { workerData, ...((isTwin || flags.length > 0) && { execArgv: flags }) });
}

/** On Node 22 node:sqlite prints that it is experimental; that is not the user's concern. Other Nodes keep their flags. */
const announcesItself = (): boolean => process.versions.node.startsWith('22.') && bestDriver() === 'node:sqlite';
