// Who wrote a native frame: HMAC-SHA-256 with a key that both sides have (S-040). It shows origin and integrity, and
// hides nothing.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MailspoolError } from 'mailspool/provider';

export interface MailslotKey {
  /** At most 32 ASCII characters; it is sent along. */
  readonly id: string;
  /** At least 16 bytes. */
  readonly secret: Uint8Array | string;
}

export interface MailslotAuthentication {
  /** `accept`: frames without a tag pass, wrong ones do not. `require`: every frame needs a tag. */
  readonly mode: 'accept' | 'require';
  /** Any of them opens; the first signs. To rotate, add the new one behind, everywhere, and then move it to the front. */
  readonly keys: readonly MailslotKey[];
  /** Frames whose sender's clock differs by more are stale; default 60,000. */
  readonly windowMs?: number;
}

export const tagBytes = 32;
export const maxKeyIdBytes = 32;
const minSecretBytes = 16;

export class KeyRing {
  readonly required: boolean;
  readonly windowMs: number;
  readonly #keys = new Map<string, Buffer>();

  /** @throws ECONFIG */
  constructor({ mode, keys, windowMs = 60_000 }: MailslotAuthentication) {
    this.required = mode === 'require';
    this.windowMs = windowMs;
    for (const [index, { id, secret }] of keys.entries()) {
      const field = `authentication.keys[${index}]`;
      if (!/^[\u0021-\u007e]+$/.test(id) || id.length > maxKeyIdBytes)
        throw new MailspoolError('ECONFIG', `${field}.id must have 1 to ${maxKeyIdBytes} printable ASCII characters`, { field: `${field}.id` });
      if (this.#keys.has(id)) throw new MailspoolError('ECONFIG', `${field}.id is there twice`, { field: `${field}.id` });
      const bytes = Buffer.from(secret);
      if (bytes.length < minSecretBytes)
        throw new MailspoolError('ECONFIG', `${field}.secret must have ${minSecretBytes} bytes or more`, { field: `${field}.secret` });
      this.#keys.set(id, bytes);
    }
    if (this.#keys.size === 0) throw new MailspoolError('ECONFIG', 'authentication.keys must have a key', { field: 'authentication.keys' });
  }

  /** The key that signs. */
  get signingId(): string {
    return this.#keys.keys().next().value as string;
  }

  tag(keyId: string, signed: Uint8Array): Buffer {
    return createHmac('sha256', this.#keys.get(keyId) as Buffer)
      .update(signed)
      .digest();
  }

  verifies(keyId: string, signed: Uint8Array, tag: Uint8Array): boolean {
    return this.#keys.has(keyId) && timingSafeEqual(this.tag(keyId, signed), tag);
  }
}
