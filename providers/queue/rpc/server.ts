// The server's side: interfaces are registered first, then an endpoint is listened at. Calls run one after the other, the
// highest priority first; what fails again and again goes to retry queues and then rests.
import { type Clock, isMailspoolError, type Logger, systemClock } from 'mailspool/provider';
import type { QueueManager } from '../local-queues.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue-error.ts';
import type { QueuedMessage } from '../queued-message.ts';
import { type Answer, type Call, checkedValue, decodeCall, encodeAnswer } from './call-message.ts';
import { createPermanent, createTemporary, endpointPath } from './endpoint.ts';
import type { InputOf, Operation, OutputOf, RpcInterface } from './interface.ts';
import { serves } from './interface.ts';
import { PoisonCalls } from './poison-calls.ts';

export interface ListenOptions {
  /** Calls collect while no server is there; default false: the queue goes with the server, and waiting calls with it. */
  readonly permanent?: boolean;
  /** Drops the calls that wait. */
  readonly clearOnOpen?: boolean;
}

/** What an operation is told of the call that it runs. */
export interface RunningCall {
  readonly message: QueuedMessage;
  /** How often it was tried before. */
  readonly tries: number;
  /** Aborts when the server closes. */
  readonly signal: AbortSignal;
}

export type Implementation<Declared extends RpcInterface> = {
  readonly [Name in keyof Declared['operations']]: (
    input: InputOf<Declared['operations'][Name]>,
    call: RunningCall,
  ) => OutputOf<Declared['operations'][Name]> | Promise<OutputOf<Declared['operations'][Name]>>;
};

export interface QueuedServer extends AsyncDisposable {
  /** @throws EEXIST if the interface is registered already */
  register<Declared extends RpcInterface>(declared: Declared, implementation: Implementation<Declared>): void;
  /** Begins to run calls. @throws EINVALID, EEXIST, ESHARINGVIOLATION where another server listens */
  listen(endpoint: string, options?: ListenOptions): Promise<void>;
  /** Lets the call that runs finish. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export const queuedServer = (manager: QueueManager, { clock = systemClock, logger = quiet }: ServerOptions = {}): QueuedServer =>
  new Server(manager, clock, logger);

interface Registered {
  readonly declared: RpcInterface;
  readonly implementation: Readonly<Record<string, (input: unknown, call: RunningCall) => unknown>>;
}

interface Endpoint {
  readonly path: string;
  readonly queue: Queue;
  readonly isTemporary: boolean;
  readonly poison: PoisonCalls;
  readonly running: Promise<void>;
}

class Server implements QueuedServer {
  readonly #manager: QueueManager;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #registered = new Map<string, Registered>();
  readonly #endpoints: Endpoint[] = [];
  readonly #life = new AbortController();

  constructor(manager: QueueManager, clock: Clock, logger: Logger) {
    this.#manager = manager;
    this.#clock = clock;
    this.#logger = logger;
  }

  register<Declared extends RpcInterface>(declared: Declared, implementation: Implementation<Declared>): void {
    const id = declared.id.toLowerCase();
    if (this.#registered.has(id)) throw new QueueError('EEXIST', `the interface ${declared.name} is registered already`, { field: 'id' });
    this.#registered.set(id, { declared, implementation: implementation as unknown as Registered['implementation'] });
  }

  async listen(endpoint: string, { permanent = false, clearOnOpen = false }: ListenOptions = {}): Promise<void> {
    const path = endpointPath(endpoint);
    if (this.#endpoints.some((one) => one.path.toLowerCase() === path.toLowerCase()))
      throw new QueueError('ESHARINGVIOLATION', `this server listens at ${endpoint} already`, { field: 'endpoint' });
    if (permanent) await createPermanent(this.#manager, path);
    else await createTemporary(this.#manager, path);
    const queue = await this.#manager.openQueue(path, { access: 'receive', share: 'denyReceive' });
    if (clearOnOpen) await queue.purge();
    const poison = new PoisonCalls(this.#manager, endpoint, this.#clock, this.#logger);
    await poison.start();
    const running = this.#run(queue, poison).catch((error: unknown) => {
      if (!this.#life.signal.aborted) this.#logger.error({ error, endpoint }, 'the server ended');
    });
    this.#endpoints.push({ path, queue, isTemporary: !permanent, poison, running });
  }

  async close(): Promise<void> {
    this.#life.abort(new QueueError('ECANCEL', 'the server was closed'));
    for (const { path, queue, isTemporary, poison, running } of this.#endpoints.splice(0)) {
      await queue.close();
      await running;
      await poison.stop();
      if (isTemporary) await this.#manager.deleteQueue(path);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(queue: Queue, poison: PoisonCalls): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      const message = await queue.receive({ signal });
      await this.#serve(message, poison);
    }
  }

  /** Every way out is an answer, a retry, or rest: no call is forgotten, and none stops the others. */
  async #serve(message: QueuedMessage, poison: PoisonCalls): Promise<void> {
    const tries = poison.triesOf(message);
    try {
      const call = decodeCall(message.body);
      const { operation, run } = this.#operation(call);
      const input = checkedValue(operation.input, call.input, 'input');
      const result = await run(input, { message, tries, signal: this.#life.signal });
      if (operation.kind === 'requestReply') await this.#answer(message, { result: checkedValue(operation.output, result, 'result') });
    } catch (error) {
      this.#logger.warn({ error, call: message.label, tries }, 'a call failed');
      // Whoever waits for the answer decides whether to try again.
      if (message.responseQueue !== undefined) await this.#answer(message, { error: toldOf(error) });
      else await poison.failed(message, tries);
    }
  }

  #operation({ interface: id, version, operation: name }: Call): {
    readonly operation: Operation;
    readonly run: Registered['implementation'][string];
  } {
    const registered = this.#registered.get(id.toLowerCase());
    if (!registered) throw new QueueError('ENOSUPPORT', `no interface ${id} is registered here (R-014)`, { field: 'interface' });
    const { declared, implementation } = registered;
    if (!serves(declared.version, version))
      throw new QueueError('ENOSUPPORT', `${declared.name} has version ${declared.version} here, and ${version} was called`, { field: 'version' });
    const operation = Object.hasOwn(declared.operations, name) ? declared.operations[name] : undefined;
    const run = Object.hasOwn(implementation, name) ? implementation[name] : undefined;
    if (!operation || !run) throw new QueueError('ENOSUPPORT', `${declared.name} has no operation ${name}`, { field: 'operation' });
    return { operation, run };
  }

  /** A client that is gone has no use for its answer. */
  async #answer({ id, responseQueue, priority, delivery }: QueuedMessage, answer: Answer): Promise<void> {
    if (responseQueue === undefined) return;
    try {
      await using sender = await this.#manager.openQueue(responseQueue, { access: 'send' });
      await sender.send({ body: encodeAnswer(answer), correlationId: id, priority, delivery });
    } catch (error) {
      this.#logger.debug({ error, responseQueue }, 'an answer found nobody');
    }
  }
}

const toldOf = (error: unknown): { code: string; message: string } =>
  isMailspoolError(error) ? { code: error.code, message: error.message } : { code: 'EPROVIDER', message: 'the operation failed' };
