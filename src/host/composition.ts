// The composition root, the only place that knows the container: binds the defaults, loads the program's modules over
// them and opens the spooler.
import { hostname } from 'node:os';
import { Container, ContainerModule } from 'inversify';
import { MailspoolError } from '../errors.ts';
import type { Logger } from '../provider/spooler-support.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import type { RetryPolicy, Spooler, SpoolerOptions } from '../spooler/contract.ts';
import type { Engine } from '../spooler/engine.ts';
import { Events } from '../spooler/news.ts';
import { sessionsOf } from '../spooler/profile.ts';
import { retryPolicy } from '../spooler/retry.ts';
import { MailSpooler } from '../spooler/spooler.ts';
import type { MessageStore } from '../store/message-store.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { type Random, randomHex, systemRandom } from '../time/random.ts';
import { version } from '../version.ts';
import { countedStore } from './counted-store.ts';
import { forgivingLogger, loggerOf } from './logger.ts';
import { tokens } from './tokens.ts';

/**
 * Puts a spooler together and opens its store. Submit at once; `start()` begins to send and receive.
 * @throws EINVALID for options that cannot be, ESTORELOCKED, ESTOREVERSION, ESTOREACCESS, ESTORE from the store
 */
export async function createSpooler(options: SpoolerOptions): Promise<Spooler> {
  checkOptions(options);
  const container = new Container();
  container.load(defaults(options), ...((options.modules as ContainerModule[] | undefined) ?? []));
  const spooler = container.get(tokens.spooler);
  if (spooler instanceof MailSpooler) await spooler.open();
  return spooler;
}

function defaults(options: SpoolerOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(tokens.clock).toConstantValue(options.clock ?? systemClock);
    bind(tokens.random).toConstantValue(options.random ?? systemRandom);
    bind(tokens.logger).toConstantValue(loggerOf(options.logger));
    bind(tokens.store).toConstantValue(options.store);
    for (const provider of options.providers ?? []) bind(tokens.provider).toConstantValue(provider);
    bind(tokens.retryPolicy)
      .toResolvedValue((random: Random): RetryPolicy => options.retry ?? retryPolicy(random), [tokens.random])
      .inSingletonScope();
    bind(tokens.spooler)
      .toResolvedValue(
        (store: MessageStore, clock: Clock, random: Random, logger: Logger, retry: RetryPolicy, providers: TransportProvider[]): Spooler =>
          new MailSpooler(engine({ store, clock, random, logger, retry }, options), sessionsOf(providers, options.accounts ?? []), options),
        [tokens.store, tokens.clock, tokens.random, tokens.logger, tokens.retryPolicy, { isMultiple: true, serviceIdentifier: tokens.provider }],
      )
      .inSingletonScope();
  });
}

function engine(parts: Pick<Engine, 'store' | 'clock' | 'random' | 'logger' | 'retry'>, options: SpoolerOptions): Engine {
  const { clock, random } = parts;
  const logger = forgivingLogger(parts.logger);
  return {
    ...parts,
    logger,
    store: countedStore(parts.store, clock),
    events: new Events(clock, logger),
    owner: `${hostname()}:${process.pid}:${randomHex(random, 4)}`,
    reports: options.reports ?? 'store',
    version,
    hostname: mailHostname(),
  };
}

/** Reports need a name with a dot or a bare host name; never an address. */
const mailHostname = (): string =>
  hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-') || 'localhost';

function checkOptions(options: SpoolerOptions): void {
  if (!options || typeof options !== 'object') throw new MailspoolError('EINVALID', 'createSpooler needs options', { field: 'options' });
  if (!options.store)
    throw new MailspoolError('EINVALID', 'createSpooler needs a store: embeddedStore({ directory }) or memoryStore()', { field: 'store' });
}
