// The client's side: a binding to a server's endpoint, with options that stay on it until they are changed.
import { type Clock, systemClock } from 'mailspool/provider';
import type { QueueManager } from '../local-queues.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue-error.ts';
import type { SendMessage } from '../queued-message.ts';
import { checkedValue, decodeAnswer, encodeCall } from './call-message.ts';
import { Answers } from './answers.ts';
import { endpointFormatName } from './endpoint.ts';
import type { InputOf, Operation, Operations, OutputOf, RpcInterface } from './interface.ts';

/** RPC_C_OPT_MQ_*. Times in seconds. */
export interface QueuedCallOptions {
  readonly delivery: 'express' | 'recoverable';
  /** 0 to 7: a later, higher call runs first. */
  readonly priority: number;
  /** `deadLetter`: keep a call that fails; `always`: keep a copy of each. */
  readonly journal: 'none' | 'deadLetter' | 'always';
  /** A one-way call returns when it is in the server's queue, not before. */
  readonly waitForQueue: boolean;
  readonly timeToReachQueue: number | undefined;
  readonly timeToBeReceived: number | undefined;
}

const defaults: QueuedCallOptions = {
  delivery: 'express',
  priority: 3,
  journal: 'none',
  waitForQueue: false,
  timeToReachQueue: undefined,
  timeToBeReceived: undefined,
};

export interface CallOptions {
  /** How long to wait for an answer, or for the server's queue; default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export type Calls<Declared extends Operations> = {
  readonly [Name in keyof Declared]: (input: InputOf<Declared[Name]>, options?: CallOptions) => Promise<OutputOf<Declared[Name]>>;
};

export interface QueuedBinding<Declared extends Operations> extends AsyncDisposable {
  /** One function for each operation. @throws EINVALID for a wrong input, ETIMEDOUT, or what the server answered */
  readonly call: Calls<Declared>;
  /** @throws EINVALID */
  set<Name extends keyof QueuedCallOptions>(option: Name, value: QueuedCallOptions[Name]): void;
  get<Name extends keyof QueuedCallOptions>(option: Name): QueuedCallOptions[Name];
  close(): Promise<void>;
}

export interface BindingOptions extends Partial<QueuedCallOptions> {
  /** The name of an endpoint of this computer, or a direct format name. */
  readonly endpoint: string;
  readonly clock?: Clock;
}

const answerTimeoutMs = 30_000;

/** Opens the endpoint's queue. @throws EINVALID, ENOSUPPORT, EQUEUENOTFOUND where it is of this computer and not there */
export async function queuedBinding<Declared extends Operations>(
  manager: QueueManager,
  declared: RpcInterface<Declared>,
  { endpoint, clock = systemClock, ...options }: BindingOptions,
): Promise<QueuedBinding<Declared>> {
  const sender = await manager.openQueue(endpointFormatName(endpoint), { access: 'send' });
  return new Binding(manager, declared, sender, clock, options);
}

class Binding<Declared extends Operations> implements QueuedBinding<Declared> {
  readonly call: Calls<Declared>;
  readonly #interface: RpcInterface<Declared>;
  readonly #sender: Queue;
  readonly #options: { -readonly [Name in keyof QueuedCallOptions]: QueuedCallOptions[Name] };
  readonly #answers: Answers;

  constructor(manager: QueueManager, declared: RpcInterface<Declared>, sender: Queue, clock: Clock, options: Partial<QueuedCallOptions>) {
    this.#interface = declared;
    this.#sender = sender;
    this.#options = { ...defaults };
    this.#answers = new Answers(manager, clock);
    for (const [name, value] of Object.entries(options)) this.set(name as keyof QueuedCallOptions, value);
    this.call = Object.fromEntries(
      Object.entries(declared.operations).map(([name, operation]) => [
        name,
        async (input: unknown, callOptions: CallOptions = {}) => await this.#call(name, operation, input, callOptions),
      ]),
    ) as Calls<Declared>;
  }

  set<Name extends keyof QueuedCallOptions>(option: Name, value: QueuedCallOptions[Name]): void {
    const allowed = allowedValues[option];
    if (allowed === undefined) throw new QueueError('EINVALID', `there is no option ${option}`, { field: option });
    if (!allowed(value)) throw new QueueError('EINVALID', `${option} cannot be ${String(value)}`, { field: option });
    this.#options[option] = value;
  }

  get<Name extends keyof QueuedCallOptions>(option: Name): QueuedCallOptions[Name] {
    return this.#options[option];
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.#answers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call(name: string, operation: Operation, input: unknown, { timeoutMs = answerTimeoutMs, signal }: CallOptions): Promise<unknown> {
    const { id, version, name: interfaceName } = this.#interface;
    const checked = checkedValue(operation.input, input, 'input');
    const body = encodeCall({ interface: id, version, operation: name, input: checked });
    const message: SendMessage = { body, label: `${interfaceName}.${name}`, ...this.#asMessage() };
    if (operation.kind === 'oneWay') return await this.#sendOneWay(message, timeoutMs, signal);
    const answer = decodeAnswer((await this.#answers.to(this.#sender, message, 'responseQueue', timeoutMs, signal)).body);
    if ('error' in answer) throw new RemoteError(answer.error.code, answer.error.message);
    return checkedValue(operation.output, answer.result, 'result');
  }

  async #sendOneWay(message: SendMessage, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#options.waitForQueue) return void (await this.#sender.send(message));
    const asked = { ...message, acknowledge: { arrival: true, failedArrival: true } };
    const { class: told } = await this.#answers.to(this.#sender, asked, 'adminQueue', timeoutMs, signal);
    if (told !== 'ack.reachQueue') throw new QueueError('EQUEUENOTAVAILABLE', `the call did not reach the server's queue: ${told}`);
  }

  #asMessage(): Partial<SendMessage> {
    const { delivery, priority, journal, timeToReachQueue, timeToBeReceived } = this.#options;
    return {
      delivery,
      priority,
      ...(journal === 'deadLetter' && { journal: { deadLetter: true } }),
      ...(journal === 'always' && { journal: { deadLetter: true, copy: true } }),
      ...(timeToReachQueue !== undefined && { timeToReachQueue }),
      ...(timeToBeReceived !== undefined && { timeToBeReceived }),
    };
  }
}

const isSeconds = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value >= 0);

const allowedValues: { readonly [Name in keyof QueuedCallOptions]: (value: unknown) => boolean } = {
  delivery: (value) => value === 'express' || value === 'recoverable',
  priority: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 7,
  journal: (value) => value === 'none' || value === 'deadLetter' || value === 'always',
  waitForQueue: (value) => typeof value === 'boolean',
  timeToReachQueue: isSeconds,
  timeToBeReceived: isSeconds,
};

/** What the server's operation threw, told by its code. */
export class RemoteError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RemoteError';
    this.code = code;
  }
}
