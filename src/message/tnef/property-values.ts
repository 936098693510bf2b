// Properties by their ids, read in the form that is asked for: another form than expected reads as absent.
import type { Instant } from '../../time/clock.ts';
import { decoded } from './code-pages.ts';
import { type Property, type PropertyValue, types, untilNull } from './property-list.ts';
import { publicStrings } from './tnef-message.ts';

/** FILETIME counts 100 ns from 1601. */
const unixEpochMs = 11_644_473_600_000;
const lastMs = 253_402_300_799_999;
const mostNamed = 1_000;
const mostNamedLength = 255;

export class PropertyValues {
  readonly #byId = new Map<number, Property>();
  readonly #named: readonly Property[];
  readonly #codePage: number;

  /** Of a property that comes twice the first counts. */
  constructor(properties: readonly Property[], codePage: number) {
    for (const property of properties) if (!property.name && !this.#byId.has(property.id)) this.#byId.set(property.id, property);
    this.#named = properties.filter(({ name }) => name);
    this.#codePage = codePage;
  }

  text(id: number): string | undefined {
    const property = this.#byId.get(id);
    const text = property && this.#textOf(property);
    return text === '' ? undefined : text;
  }

  number(id: number): number | undefined {
    const value = this.#byId.get(id)?.values[0];
    return typeof value === 'number' ? value : undefined;
  }

  time(id: number): Instant | undefined {
    const value = this.#byId.get(id)?.values[0];
    if (typeof value !== 'bigint') return undefined;
    const ms = Number(value / 10_000n) - unixEpochMs;
    return ms >= 0 && ms <= lastMs ? ms : undefined;
  }

  bytes(id: number): Uint8Array | undefined {
    const value = this.#byId.get(id)?.values[0];
    return value instanceof Uint8Array ? value : undefined;
  }

  /** Whether the property is there as an object. */
  isObject(id: number): boolean {
    return this.#byId.get(id)?.type === types.object;
  }

  /** What programs have named themselves: text, numbers and booleans of the public set. */
  named(): Record<string, string | number | boolean> {
    const found: [string, string | number | boolean][] = [];
    for (const property of this.#named) {
      const { set, name } = property.name ?? {};
      if (set !== publicStrings || typeof name !== 'string' || name.length > mostNamedLength || found.length >= mostNamed) continue;
      const value = this.#textOf(property) ?? property.values[0];
      if (isPlain(value)) found.push([name, value]);
    }
    return Object.fromEntries(found);
  }

  #textOf({ type, values: [value] }: Property): string | undefined {
    if (typeof value === 'string') return value;
    return type === types.string8 && value instanceof Uint8Array ? untilNull(decoded(value, this.#codePage)) : undefined;
  }
}

const isPlain = (value: PropertyValue | undefined): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

export const fileTime = (at: Instant): bigint => BigInt(Math.trunc(at) + unixEpochMs) * 10_000n;
