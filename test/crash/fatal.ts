// A store and providers that let the process die at one moment of a delivery or a reception, by SIGKILL and for good:
// no handler runs, no buffer is written.
import { systemClock, type MessageStore } from 'mailspool';
import type { InboundMessage, OutboundMessage, TransportProvider, TransportSession } from 'mailspool/provider';
import { Readable } from 'node:stream';
import type { Phase } from './phases.ts';
import { watched } from './watched.ts';

type Claims = Awaited<ReturnType<MessageStore['claim']>>['claims'];
type Settlements = Parameters<MessageStore['settle']>[0];

export class Fatal {
  readonly #dying: (phase: Phase) => void;
  readonly #claimed = new Set<string>();
  readonly #unsettled = new Set<string>();
  #armed: Phase | undefined;
  #when: () => boolean = () => false;

  /** `dying` is told last, synchronously. */
  constructor(dying: (phase: Phase) => void) {
    this.#dying = dying;
  }

  /** Deliveries that are claimed and not settled on disk. */
  get claimed(): number {
    return this.#claimed.size;
  }

  /** Deliveries that have an outcome, or may have one, which is not on disk. */
  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** From now on the phase is deadly, the next time that it is come to when it may be; by default, while a delivery is claimed. */
  arm(phase: Phase, when: () => boolean = () => this.claimed > 0): void {
    this.#armed = phase;
    this.#when = when;
  }

  store(store: MessageStore): MessageStore {
    return watched(store, {
      claim: async (...given) => {
        const answer = await store.claim(...given);
        this.#took(answer.claims);
        if (answer.claims.some(isDelivery)) this.reach('claimed');
        return answer;
      },
      settle: async (settlements) => {
        const written = store.settle(settlements);
        if (settlements.some(({ guard }) => 'fence' in guard && this.#unsettled.has(keyOf(guard)))) await this.#reachWhile('settling', written);
        const settled = await written;
        this.#gave(settlements);
        return settled;
      },
    });
  }

  provider(provider: TransportProvider): TransportProvider {
    return watched(provider, { logon: async (...given) => this.#session(await provider.logon(...given)) });
  }

  /** Whoever comes here in the armed phase does not go on. */
  reach(phase: Phase): void {
    if (phase !== this.#armed || !this.#when()) return;
    this.#dying(phase);
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  /** Dies a moment into the work: how far it has come is left to chance, but nobody has heard of it. */
  async #reachWhile(phase: Phase, working: Promise<unknown>): Promise<void> {
    if (phase !== this.#armed) return;
    const moment = new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    await Promise.race([working, moment]);
    this.reach(phase);
  }

  #session(session: TransportSession): TransportSession {
    return watched(session, {
      ...(session.submitMessage && { submitMessage: async (message, signal) => await this.#submit(session, message, signal) }),
      ...(session.startMessage && { startMessage: async (message, signal) => await session.startMessage?.(this.#inbound(message), signal) }),
    });
  }

  async #submit(
    session: TransportSession,
    message: OutboundMessage,
    signal: AbortSignal,
  ): ReturnType<NonNullable<TransportSession['submitMessage']>> {
    this.reach('before-mail');
    const { content } = message;
    const outbound = watched(message, {
      content: watched(content, { stream: () => this.#body(content.stream(), content.sizeBytes) }),
      handingOver: async () => {
        await message.handingOver();
        await this.#beforeDot();
        this.#unsettled.add(message.id);
      },
    });
    const result = await session.submitMessage?.(outbound, signal);
    this.reach('replied');
    return result ?? [];
  }

  /** Nothing more comes to its dot, and what has come there is settled: so it is known of each message who has it. */
  async #beforeDot(): Promise<void> {
    while (this.#armed === 'before-dot' && this.unsettled > 0) await systemClock.sleep(1);
    this.reach('before-dot');
  }

  #body(stream: Readable, sizeBytes: number): Readable {
    const reach = (): void => this.reach('body');
    const half = async function* (): AsyncGenerator<Uint8Array> {
      let passed = 0;
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        yield chunk;
        passed += chunk.byteLength;
        if (passed > sizeBytes / 2) reach();
      }
    };
    return Readable.from(half(), { objectMode: false });
  }

  #inbound(message: InboundMessage): InboundMessage {
    return watched(message, {
      saveChanges: async (options) => {
        this.reach('inbound-content');
        const saving = message.saveChanges(options);
        await this.#reachWhile('inbound-saving', saving);
        const saved = await saving;
        this.reach('inbound-saved');
        return saved;
      },
    });
  }

  #took(claims: Claims): void {
    for (const claim of claims) if (isDelivery(claim)) this.#claimed.add(keyOf(claim.lease));
  }

  #gave(settlements: Settlements): void {
    for (const { guard, then } of settlements) {
      if (!('fence' in guard) || then === 'keep') continue;
      this.#claimed.delete(keyOf(guard));
      this.#unsettled.delete(keyOf(guard));
    }
  }
}

const isDelivery = ({ lease: { queue } }: Claims[number]): boolean => typeof queue === 'object' && 'session' in queue;
/** In these runs a message has one delivery. */
const keyOf = ({ id }: { readonly id: string }): string => id;
