// The receiving process, seen from the sender.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const program = resolve(import.meta.dirname, 'mailslot-process.js');

export interface Told {
  readonly came: number;
  /** Messages whose number was not the next. */
  readonly outOfOrder: number;
  /** Of roles with a slot. */
  readonly rss: number;
  readonly messageCount: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface Receiver extends AsyncDisposable {
  /** How many messages it has said that it has. */
  readonly came: number;
  /** When it says more. */
  more(): Promise<void>;
  told(): Promise<Told>;
}

/** `open`: a role of the program, and what it needs. */
export async function receiver(open: { readonly role: 'slot' | 'full' | 'dgram' | 'unix'; readonly [name: string]: unknown }): Promise<Receiver> {
  const child = fork(program, [root], { execArgv: [] });
  const gone = once(child, 'exit');
  let came = 0;
  let waiting: (() => void)[] = [];
  child.on('message', (message: { came?: number }) => {
    if (message.came === undefined) return;
    came = message.came;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  });
  const opened = message(child, (one) => one['opened'] === true);
  child.send({ open });
  await Promise.race([opened, gone.then(() => Promise.reject(new Error(`the receiving process ended while it opened ${open.role}`)))]);
  let asked = 0;
  return {
    get came() {
      return came;
    },
    more: () => new Promise((wake) => waiting.push(wake)),
    told: async () => {
      asked += 1;
      const ask = asked;
      const answered = message(child, (one) => one['ask'] === ask);
      child.send({ ask });
      const { answer } = (await answered) as { answer: Told };
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const message = (child: ChildProcess, isIt: (one: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> =>
  new Promise((done) => {
    const listener = (one: Record<string, unknown>) => {
      if (!isIt(one)) return;
      child.off('message', listener);
      done(one);
    };
    child.on('message', listener);
  });
