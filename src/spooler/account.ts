// An account: providers that share credentials and a budget of connections (U-050, U-053).
import { MailspoolError } from '../errors.ts';
import type { AccountSupport, Credentials } from '../provider/spooler-support.ts';
import type { AccountOptions } from './contract.ts';

/** How many connections an account opens at once where nothing is said. */
export const defaultConnections = 32;

export class Account implements AccountSupport {
  readonly name: string;
  /** undefined: providers without an account, which take any sender's mail. */
  readonly scope: string | undefined;
  readonly identities: readonly string[];
  readonly options: Partial<AccountOptions>;
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #refreshing: Promise<Credentials> | undefined;
  #current: Credentials | undefined;

  constructor(name: string, options: Partial<AccountOptions> = {}) {
    this.name = name;
    this.scope = options.name;
    this.identities = (options.identities ?? []).map((identity) => identity.toLowerCase());
    this.options = options;
    this.#free = options.connections ?? defaultConnections;
  }

  async credentials(signal: AbortSignal, stale?: Credentials): Promise<Credentials> {
    const source = this.options.credentials;
    if (!source) throw new MailspoolError('EUNCONFIGURED', `account ${this.name} has no credentials`, { field: 'accounts.credentials' });
    if (this.#current && this.#current !== stale && !isSame(this.#current, stale)) return this.#current;
    this.#refreshing ??= source.get(signal, stale).finally(() => {
      this.#refreshing = undefined;
    });
    this.#current = await this.#refreshing;
    return this.#current;
  }

  async connection(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release();
        held = false;
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

const isSame = (a: Credentials, b: Credentials | undefined): boolean => b !== undefined && JSON.stringify(a) === JSON.stringify(b);
