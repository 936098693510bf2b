// What one run of the spooler learns of its sessions and the next one knows: address types, and the explicit order.
import type { SessionKey } from '../message/recipient.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';

export class SessionMemory {
  readonly #engine: Engine;
  #order: readonly SessionKey[] | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The transport order, where somebody set one (M-020). */
  get order(): readonly SessionKey[] | undefined {
    return this.#order;
  }

  async load(sessions: readonly Session[]): Promise<void> {
    const [order, ...types] = await this.#engine.store.load([orderKey, ...sessions.map(({ key }) => typesKey(key))]);
    this.#order = order?.values['order'] as readonly SessionKey[] | undefined;
    for (const [index, session] of sessions.entries()) {
      const stored = types[index]?.values;
      if (stored?.['addressTypes'] === undefined) continue;
      session.types = stored['addressTypes'] as NonNullable<Session['types']>;
      session.preprocesses = stored['preprocesses'] !== false;
    }
  }

  async setOrder(order: readonly SessionKey[]): Promise<void> {
    await this.#save(orderKey, { order });
    this.#order = order;
  }

  /** Mail for a session that is down waits (M-040). A store that takes nothing costs no more than that. */
  async keepTypes({ key, types, preprocesses }: Session): Promise<void> {
    try {
      await this.#save(typesKey(key), { addressTypes: types, preprocesses });
    } catch (error) {
      // Mail goes out meanwhile, also when the disk is full (T-005).
      this.#engine.logger.warn({ error, session: key }, 'the address types could not be stored');
    }
  }

  async #save(key: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    const { store } = this.#engine;
    const [current] = await store.load([key]);
    await store.save([{ key, version: current?.version ?? 0, values }]);
  }
}

const orderKey = 'spooler/transportOrder';
const typesKey = (session: SessionKey): string => `spooler/addressTypes/${session}`;
