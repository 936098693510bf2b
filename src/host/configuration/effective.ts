// The configuration as `mailspool config` shows it: everything that holds, defaults included, secrets masked (U-015).
import type { Retention } from '../../store/message-store.ts';
import type { RetryOptions } from '../../spooler/retry.ts';

const mask = '***';
/** Names under which secrets stand in providers' settings. */
const secretName = /pass|secret|token|key|credential|authorization|cookie/i;
/** Groups whose members have telling names of their own. */
const openGroup = /^(auth|credentials)$/i;

/** Plain data that can be printed as JSON. */
export interface EffectiveConfiguration {
  readonly file: string | null;
  readonly directory: string;
  readonly providers: readonly unknown[];
  readonly accounts: readonly unknown[];
  readonly groups: readonly unknown[];
  /** `custom`: the file brings a policy of its own. */
  readonly retry: RetryOptions | 'custom';
  readonly retention: Retention;
  readonly reports: 'store' | 'wire';
  readonly offline: boolean;
  readonly logger: boolean | 'custom';
  /** Fields that the environment or the command line set. */
  readonly overridden: readonly string[];
}

/** A deep copy without secrets: passwords in URLs and whatever is named like one. */
export function masked(value: unknown, name = ''): unknown {
  if (typeof value === 'function') return '(function)';
  if (value !== null && value !== undefined && secretName.test(name) && typeof value !== 'object') return mask;
  if (typeof value === 'string') return maskedUrl(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, name));
  if (typeof value !== 'object' || value === null) return value;
  if (!isPlain(value) || 'logon' in value) return { use: 'name' in value && typeof value.name === 'string' ? value.name : '(object)', ready: true };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, masked(inner, secretName.test(name) && !openGroup.test(name) ? name : key)]),
  );
}

/** `smtps://ann:***@host`; what looks like a URL but is none may still hold a password. */
function maskedUrl(text: string): string {
  const secret = /^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*):.*@/i;
  return text.replace(secret, `$1:${mask}@`).replace(/([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*/gi, `$1${mask}`);
}

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
