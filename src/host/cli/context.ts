// What every command gets: its output, the configuration, and a spooler to call.
import { existsSync } from 'node:fs';
import { isMailspoolError, MailspoolError } from '../../errors.ts';
import type { Spooler } from '../../spooler/contract.ts';
import { loadConfiguration, type LoadedConfiguration, type Overrides } from '../configuration.ts';
import type { SpoolerSurface } from '../control/surface.ts';
import { systemAccess, type SpoolerAccess } from './access.ts';
import { Output, type Terminal } from './output.ts';

/** The options that every command has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly directory?: string;
  readonly smtp?: string;
  readonly imap?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  /** commander's form of --no-color. */
  readonly color?: boolean;
}

/** How the spooler was reached. */
export interface Reached {
  readonly spooler: SpoolerSurface & AsyncDisposable;
  readonly configuration: LoadedConfiguration;
  /** The process that runs it, if it is another. */
  readonly pid?: number;
  /** The same spooler, where this process owns the store and could start it. */
  readonly local?: Spooler;
}

export class Context {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly access: SpoolerAccess;
  readonly #options: GlobalOptions;

  constructor(terminal: Terminal, options: GlobalOptions, access: SpoolerAccess = systemAccess) {
    this.terminal = terminal;
    this.access = access;
    this.#options = options;
    this.output = new Output(terminal, { json: options.json === true, colour: options.color !== false, verbose: options.verbose === true });
  }

  async configuration(): Promise<LoadedConfiguration> {
    const { config, directory, smtp, imap } = this.#options;
    const overrides: Overrides = {
      ...(directory === undefined ? {} : { directory }),
      ...(smtp === undefined ? {} : { smtp }),
      ...(imap === undefined ? {} : { imap }),
    };
    const { workingDirectory, env: environment } = this.terminal;
    return await loadConfiguration({ ...(config === undefined ? {} : { file: config }), workingDirectory, environment, overrides });
  }

  /** Runs `use` with the spooler of the configured store. `creates`: this command may make the store. */
  async withSpooler<T>(options: { readonly creates?: boolean }, use: (reached: Reached) => Promise<T>): Promise<T> {
    const configuration = await this.configuration();
    const reached = (await this.#running(configuration)) ?? (await this.#opened(configuration, options.creates === true));
    try {
      return await use(reached);
    } finally {
      await reached.spooler[Symbol.asyncDispose]();
    }
  }

  async #running(configuration: LoadedConfiguration): Promise<Reached | undefined> {
    const spooler = await this.access.running(configuration.directory, this.terminal.env);
    return spooler === undefined ? undefined : { spooler, configuration, pid: spooler.pid };
  }

  /** Between the question and the opening another process may have become the owner: then that one answers now. */
  async #opened(configuration: LoadedConfiguration, creates: boolean): Promise<Reached> {
    if (!creates && !existsSync(configuration.directory)) throw noStore(configuration.directory);
    try {
      const spooler = await this.access.open(configuration);
      return { spooler, configuration, local: spooler };
    } catch (error) {
      if (!isMailspoolError(error) || error.code !== 'ESTORELOCKED') throw error;
      return (await this.#running(configuration)) ?? rethrowLocked(error);
    }
  }
}

const noStore = (directory: string): MailspoolError =>
  new MailspoolError('ECONFIG', `there is no store in ${directory}`, {
    field: 'directory',
    remedy: 'Name the directory with --directory or MAILSPOOL_DIRECTORY, or submit a message first.',
  });

function rethrowLocked(cause: Error): never {
  throw new MailspoolError('ESTORELOCKED', cause.message, {
    cause,
    temporary: true,
    remedy:
      'The process that owns the store answers on no control socket. It is another command at work: try again; or it runs as another user or with another XDG_RUNTIME_DIR; or it is a program that does not call serveControl: stop it first.',
  });
}
