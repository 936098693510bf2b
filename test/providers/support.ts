// A spooler's side of the contract, without a spooler: what a provider is handed at logon, and what it said.
import {
  MailspoolError,
  type Credentials,
  type LogonOptions,
  type ProfileSection,
  type SessionKey,
  type SpoolerNotification,
  type SpoolerSupport,
} from 'mailspool/provider';
import { systemClock } from '../../src/time/clock.ts';
import { systemRandom } from '../../src/time/random.ts';

export interface SupportOptions extends Partial<Pick<SpoolerSupport, 'clock' | 'random' | 'statusRecipients' | 'received'>> {
  readonly session?: string;
  readonly credentials?: (stale?: Credentials) => Credentials | Promise<Credentials>;
  /** Places in the account's connection budget. */
  readonly connections?: number;
}

/** What the provider said, and how it uses the account. */
export interface TestSupport extends SpoolerSupport {
  readonly news: SpoolerNotification[];
  readonly columns: Record<string, unknown>;
  readonly sections: Map<string, ProfileSection['values']>;
  readonly places: { open: number; most: number };
  logoff(): void;
}

export const logonOptions = (options: Partial<LogonOptions> = {}): LogonOptions => ({
  inbound: true,
  outbound: true,
  offline: false,
  interactive: false,
  signal: new AbortController().signal,
  ...options,
});

export function testSupport(options: SupportOptions = {}): TestSupport {
  const end = new AbortController();
  const news: SpoolerNotification[] = [];
  const columns: Record<string, unknown> = {};
  const sections = new Map<string, ProfileSection['values']>();
  const budget = connectionBudget(options.connections ?? Number.POSITIVE_INFINITY);
  const ignore = () => undefined;
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
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    signal: end.signal,
    spoolerNotify: (one) => void news.push(one),
    statusRecipients: options.statusRecipients ?? (async () => 'matched'),
    updateStatus: (some) => void Object.assign(columns, some),
    registerPreprocessor: ignore,
    registerPostprocessor: ignore,
    received: options.received ?? (async () => new Set<string>()),
    openProfileSection: async (name, access) => openSection(sections, name, access),
    yield: async () => 'continue',
    news,
    columns,
    sections,
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
