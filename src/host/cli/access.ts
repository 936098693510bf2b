// How a command reaches a spooler: the running one through its control socket, else the store, opened for the moment.
// The engine is loaded only when a command needs it in its own process.
import type { Spooler, SpoolerOptions } from '../../spooler/contract.ts';
import type { LoadedConfiguration } from '../configuration.ts';
import { connectControl, type RemoteSpooler } from '../control/control.ts';

export interface SpoolerAccess {
  /** The spooler that runs on this store, if one answers. */
  running(directory: string, environment: Readonly<Record<string, string | undefined>>): Promise<RemoteSpooler | undefined>;
  /** A spooler on the configured store, its loops not started: what is submitted waits for the next `run`. */
  open(configuration: LoadedConfiguration, more?: Partial<SpoolerOptions>): Promise<Spooler>;
}

export const systemAccess: SpoolerAccess = {
  running: async (directory, environment) => await connectControl({ directory, environment }),
  open: async (configuration, more) => {
    const options = await configuration.options();
    const [{ createSpooler }, { embeddedStore }] = await Promise.all([import('../composition.ts'), import('../../store/embedded/embedded-store.ts')]);
    return await createSpooler({ ...options, ...more, store: embeddedStore({ directory: configuration.directory }) });
  },
};
