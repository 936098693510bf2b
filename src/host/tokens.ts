// The names under which the parts of a spooler are bound; a program may rebind each of them in a module of its own.
import type { ServiceIdentifier } from 'inversify';
import type { Logger } from '../provider/spooler-support.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import type { RetryPolicy, Spooler } from '../spooler/contract.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';

export interface Tokens {
  readonly clock: ServiceIdentifier<Clock>;
  readonly random: ServiceIdentifier<Random>;
  readonly logger: ServiceIdentifier<Logger>;
  readonly store: ServiceIdentifier<MessageStore>;
  readonly retryPolicy: ServiceIdentifier<RetryPolicy>;
  /** A multi-binding: bind as many as there are providers. */
  readonly provider: ServiceIdentifier<TransportProvider>;
  readonly spooler: ServiceIdentifier<Spooler>;
}

export const tokens: Tokens = {
  clock: Symbol.for('mailspool.Clock'),
  random: Symbol.for('mailspool.Random'),
  logger: Symbol.for('mailspool.Logger'),
  store: Symbol.for('mailspool.MessageStore'),
  retryPolicy: Symbol.for('mailspool.RetryPolicy'),
  provider: Symbol.for('mailspool.TransportProvider'),
  spooler: Symbol.for('mailspool.Spooler'),
};
