// The other side of the model provider: a post office in memory that takes mail, keeps mail, and can be disturbed.
import type { Address, Credentials } from 'mailspool/provider';
import type { Delivered } from 'mailspool/testing';

export class LineError extends Error {}
export class Refused extends Error {}

export interface Letter {
  readonly uid: number;
  readonly bytes: Uint8Array;
}

export class Office {
  readonly delivered: Delivered[] = [];
  readonly mailbox: Letter[] = [];
  readonly refused = new Map<string, 'forGood' | 'forNow'>();
  readonly lines = new Set<Line>();
  readonly listeners = new Set<Listener>();
  down = false;
  /** What happens to the next message. */
  next: 'breakOff' | 'loseReply' | 'breakReception' | undefined;
  token = 'the first token';
  password = 'the first password';
  /** Who handed the last message over hears what becomes of its recipients. */
  onNews: ((address: string, what: 'delivered' | 'failed') => void) | undefined;
  held: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  stalled: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  /** What was taken, by the name that its sender gave it, for whoever asks later. */
  readonly taken = new Set<string>();
  #uids = 0;

  connect(credentials: Credentials): Line {
    if (this.down) throw new LineError('nobody is there');
    if (!('accessToken' in credentials) || credentials.accessToken !== this.token) throw new Refused('the token is not good');
    return new Line(this);
  }

  listen(listener: Listener): void {
    if (this.down) throw new LineError('nobody is there');
    this.listeners.add(listener);
  }

  arrive(bytes: Uint8Array): void {
    this.mailbox.push({ uid: ++this.#uids, bytes: Uint8Array.from(bytes) });
    for (const listener of this.listeners) listener.news();
  }

  dropConnections(): void {
    for (const line of this.lines) line.close();
    for (const listener of [...this.listeners]) {
      this.listeners.delete(listener);
      listener.broken();
    }
  }

  stall(): () => void {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.stalled = { over, end };
    return () => {
      this.stalled = undefined;
      end();
    };
  }

  hold(): () => void {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.held ??= { over, end };
    const { held } = this;
    return () => {
      this.held = undefined;
      held.end();
    };
  }

  /** Whether the next message meets this. */
  meets(what: Office['next']): boolean {
    if (this.next !== what) return false;
    this.next = undefined;
    return true;
  }
}

export interface Listener {
  news(): void;
  broken(): void;
}

/** One connection. Every question takes a turn of the event loop, and may never be answered. */
export class Line {
  readonly #office: Office;
  readonly #closed = new AbortController();

  constructor(office: Office) {
    this.#office = office;
    office.lines.add(this);
  }

  close(): void {
    this.#office.lines.delete(this);
    this.#closed.abort(new LineError('the line broke'));
  }

  /** Whether the office takes mail for them. */
  envelope(recipients: readonly Address[], signal: AbortSignal): Promise<('ok' | 'forGood' | 'forNow')[]> {
    return this.#ask(signal, () => recipients.map(({ address }) => this.#office.refused.get(address) ?? 'ok'));
  }

  /** All bytes but the last word. */
  send(signal: AbortSignal): Promise<void> {
    return this.#ask(signal, () => {
      if (this.#office.meets('breakOff')) this.#break();
    });
  }

  /** The last word: the office takes the message, and says so. */
  dot(name: string, bytes: Uint8Array, recipients: readonly Address[], signal: AbortSignal): Promise<void> {
    return this.#ask(signal, () => {
      this.#office.delivered.push({ bytes, recipients: recipients.map(({ address }) => address) });
      this.#office.taken.add(name);
      if (this.#office.meets('loseReply')) this.#break();
    });
  }

  knows(name: string, signal: AbortSignal): Promise<boolean> {
    return this.#ask(signal, () => this.#office.taken.has(name));
  }

  list(signal: AbortSignal): Promise<readonly number[]> {
    return this.#ask(signal, () => this.#office.mailbox.map(({ uid }) => uid));
  }

  fetch(uid: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#ask(signal, () => {
      if (this.#office.meets('breakReception')) this.#break();
      return this.#office.mailbox.find((letter) => letter.uid === uid)?.bytes ?? new Uint8Array();
    });
  }

  remove(uid: number, signal: AbortSignal): Promise<void> {
    return this.#ask(signal, () => {
      const at = this.#office.mailbox.findIndex((letter) => letter.uid === uid);
      if (at >= 0) this.#office.mailbox.splice(at, 1);
    });
  }

  #break(): never {
    this.close();
    throw new LineError('the line broke');
  }

  async #ask<T>(signal: AbortSignal, answer: () => T): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#office.stalled) await race(this.#office.stalled.over, [signal, this.#closed.signal]);
    signal.throwIfAborted();
    this.#closed.signal.throwIfAborted();
    return answer();
  }
}

async function race(work: Promise<void>, signals: readonly AbortSignal[]): Promise<void> {
  const done = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      for (const signal of signals) {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: done.signal });
      }
      void work.then(resolve);
    });
  } finally {
    done.abort();
  }
}
