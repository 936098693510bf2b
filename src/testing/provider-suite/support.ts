// A spooler's side of the contract, without a spooler: what a provider is handed at logon, and what it said.
import { MailspoolError } from '../../errors.ts';
import type { SessionKey } from '../../message/recipient.ts';
import type { Postprocessor, Preprocessor } from '../../provider/processors.ts';
import type { Credentials, Logger, ProfileSection, SpoolerNotification, SpoolerSupport } from '../../provider/spooler-support.ts';
import type { LogonOptions } from '../../provider/transport-provider.ts';
import { systemClock } from '../../time/clock.ts';
import { systemRandom } from '../../time/random.ts';

/** What is not given: the system's clock and randomness, no credentials, nothing received before. */
export interface SupportOptions extends Partial<Pick<SpoolerSupport, 'clock' | 'random' | 'statusRecipients' | 'received' | 'yield'>> {
  /** Default `test/provider`. */
  readonly session?: string;
  /** The account's. Default: it has none, and answers EUNCONFIGURED. */
  readonly credentials?: (stale?: Credentials) => Credentials | Promise<Credentials>;
  /** Places in the account's connection budget. Default: without limit. */
  readonly connections?: number;
}

/** What the provider said, and how it uses the account. */
export interface TestSupport extends SpoolerSupport {
  /** Each `spoolerNotify`, in order. */
  readonly news: SpoolerNotification[];
  /** The status row, as all `updateStatus` so far have made it: one without `merge` begins it anew (M-096). Rows of other names are left out. */
  readonly columns: Record<string, unknown>;
  /** What was registered, in order. */
  readonly preprocessors: Preprocessor[];
  readonly postprocessors: Postprocessor[];
  /** Profile sections by name. */
  readonly sections: Map<string, ProfileSection['values']>;
  /** What was written to the logger: fields and text of each line. */
  readonly logged: (readonly [object, string])[];
  /** The account's connection budget: places taken now, and the most there were at once. */
  readonly places: { open: number; most: number };
  /** Aborts `signal`, as the spooler does after the session's `logoff`. */
  logoff(): void;
}

/** Options of a logon with both directions open, on line, with nobody to ask. */
export const logonOptions = (options: Partial<LogonOptions> = {}): LogonOptions => ({
  inbound: true,
  outbound: true,
  offline: false,
  interactive: false,
  signal: new AbortController().signal,
  ...options,
});

/** What a provider is handed at logon, without a spooler: for tests of a provider by itself. */
export function testSupport(options: SupportOptions = {}): TestSupport {
  const end = new AbortController();
  const news: SpoolerNotification[] = [];
  const columns: Record<string, unknown> = {};
  const sections = new Map<string, ProfileSection['values']>();
  const budget = connectionBudget(options.connections ?? Number.POSITIVE_INFINITY);
  const logged: (readonly [object, string])[] = [];
  const log: Logger['info'] = (fields, text) => void logged.push([fields, text]);
  const preprocessors: Preprocessor[] = [];
  const postprocessors: Postprocessor[] = [];
  return {
    session: (options.session ?? 'test/provider') as SessionKey,
    account: {
      name: 'test',
      credentials: async (_signal, stale) => {
        if (options.credentials === undefined) throw new MailspoolError('EUNCONFIGURED', 'the account has no credentials');
        return options.credentials(stale);
      },
      connection: budget.take,
    },
    logger: { debug: log, info: log, warn: log, error: log },
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    signal: end.signal,
    spoolerNotify: (one) => void news.push(one),
    statusRecipients: options.statusRecipients ?? (async () => 'matched'),
    updateStatus: (some, { merge = false, row } = {}) => {
      if (row !== undefined) return;
      if (!merge) for (const name of Object.keys(columns)) delete columns[name];
      Object.assign(columns, some);
    },
    registerPreprocessor: (one) => void preprocessors.push(one),
    registerPostprocessor: (one) => void postprocessors.push(one),
    received: options.received ?? (async () => new Set<string>()),
    openProfileSection: async (name, access) => openSection(sections, name, access),
    yield: options.yield ?? (async () => 'continue'),
    news,
    columns,
    preprocessors,
    postprocessors,
    sections,
    logged,
    places: budget.places,
    logoff: () => end.abort(),
  };
}

function connectionBudget(size: number) {
  const places = { open: 0, most: 0 };
  const waiting: (() => void)[] = [];
  const take = async (signal: AbortSignal): Promise<Disposable> => {
    signal.throwIfAborted();
    if (places.open >= size) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        const abort = () => {
          if (waiting.includes(resolve)) waiting.splice(waiting.indexOf(resolve), 1);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', abort, { once: true });
      });
    } else {
      places.open++;
    }
    places.most = Math.max(places.most, places.open);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const next = waiting.shift();
        if (next) next();
        else places.open--;
      },
    };
  };
  return { places, take };
}

function openSection(sections: Map<string, ProfileSection['values']>, name: string, access: 'read' | 'write'): ProfileSection {
  const values = sections.get(name);
  if (values === undefined && access === 'read') throw new MailspoolError('ENOTFOUND', `there is no section ${name}`);
  return { key: name, version: 0, values: values ?? {}, save: async (fresh) => void sections.set(name, fresh) };
}
