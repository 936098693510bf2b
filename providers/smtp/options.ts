// What `smtp(…)` takes, checked once: an object in nodemailer's words, or a URL.
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { MailspoolError, type AddressTypes, type Credentials } from 'mailspool/provider';

/** Deadlines of a conversation, in ms. The defaults are not below RFC 5321, section 4.5.3.2 (T-027). */
export interface SmtpTimeouts {
  /** Name and TCP connection. Default 2 minutes. */
  readonly connectMs?: number;
  /** Each of greeting, EHLO, STARTTLS and AUTH. Default 5 minutes. */
  readonly greetingMs?: number;
  /** Each reply to MAIL, RCPT and DATA. Default 5 minutes. */
  readonly replyMs?: number;
  /** The server takes no further byte. Default 3 minutes. */
  readonly blockMs?: number;
  /** The reply to the final dot. Default 10 minutes. */
  readonly finalMs?: number;
}

export interface SmtpOptions {
  /** Default `localhost`. */
  readonly host?: string;
  /** Default 587, with `secure` 465, with `lmtp` 24. */
  readonly port?: number;
  /** TLS from the first byte. Default: whether the port is 465. */
  readonly secure?: boolean;
  /** STARTTLS or nothing. Default: where credentials are used and the host is not this one. */
  readonly requireTLS?: boolean;
  /** Never STARTTLS, whatever is offered. */
  readonly ignoreTLS?: boolean;
  /** Go on in the clear, without credentials, where STARTTLS fails. */
  readonly opportunisticTLS?: boolean;
  /** For node:tls. */
  readonly tls?: ConnectionOptions;
  /** What the server is greeted with. Default: this machine's name. */
  readonly name?: string;
  readonly localAddress?: string;
  /** Default: the account's credentials, if it has any. */
  readonly auth?: Credentials;
  /** LMTP (RFC 2033): a reply for each recipient, and accepted means delivered. */
  readonly lmtp?: boolean;
  /** At once, default 5. */
  readonly connections?: number;
  /** Then a fresh one is opened. Default 1000. */
  readonly maxMessagesPerConnection?: number;
  /** An unused connection is closed after so many ms. Default 10 seconds. */
  readonly idleTimeoutMs?: number;
  /** In one transaction, default 100 (T-025). */
  readonly recipientsPerMessage?: number;
  readonly messagesPerSecond?: number;
  /** Known to be the most that the server takes. */
  readonly messageSizeBytes?: number;
  /** What a message says that Internet mail has no field for goes along in TNEF, as `winmail.dat`. Default false. */
  readonly tnef?: boolean;
  /** Default `['SMTP']`; null is any type. */
  readonly addressTypes?: AddressTypes;
  readonly timeouts?: SmtpTimeouts;
  /** The provider's name in the profile, where an account has two. Default `smtp`. */
  readonly providerName?: string;
}

export interface SmtpSettings extends Omit<SmtpOptions, 'timeouts'> {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly lmtp: boolean;
  readonly connections: number;
  readonly maxMessagesPerConnection: number;
  readonly idleTimeoutMs: number;
  readonly recipientsPerMessage: number;
  readonly addressTypes: AddressTypes;
  readonly timeouts: Required<SmtpTimeouts>;
  readonly providerName: string;
}

const minute = 60_000;
const defaultTimeouts: Required<SmtpTimeouts> = {
  connectMs: 2 * minute,
  greetingMs: 5 * minute,
  replyMs: 5 * minute,
  blockMs: 3 * minute,
  finalMs: 10 * minute,
};

/** @throws ECONFIG naming the field */
export function smtpSettings(given: SmtpOptions | string): SmtpSettings {
  const options = typeof given === 'string' ? fromUrl(given) : given;
  const lmtp = options.lmtp ?? false;
  const secure = options.secure ?? options.port === 465;
  const settings: SmtpSettings = {
    ...options,
    host: options.host ?? 'localhost',
    port: options.port ?? (lmtp ? 24 : secure ? 465 : 587),
    secure,
    lmtp,
    connections: options.connections ?? 5,
    maxMessagesPerConnection: options.maxMessagesPerConnection ?? 1000,
    idleTimeoutMs: options.idleTimeoutMs ?? 10_000,
    recipientsPerMessage: options.recipientsPerMessage ?? 100,
    addressTypes: options.addressTypes === undefined ? ['SMTP'] : options.addressTypes,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    providerName: options.providerName ?? 'smtp',
  };
  check(settings);
  return settings;
}

/** Whether anything may be said before TLS is up (T-060). Credentials do not cross a network in the clear unless told to. */
export function tlsRequired({ requireTLS, ignoreTLS, opportunisticTLS, host }: SmtpSettings, credentials: Credentials | undefined): boolean {
  return requireTLS ?? (credentials !== undefined && ignoreTLS !== true && opportunisticTLS !== true && !isThisHost(host));
}

const isThisHost = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function check(settings: SmtpSettings): void {
  const { auth, timeouts, ...rest } = settings;
  for (const field of ['host', 'name', 'localAddress', 'providerName'] as const) {
    const value = rest[field];
    if (value !== undefined && (typeof value !== 'string' || !/^[!-;=?-~]+$/.test(value))) wrong(field, 'must be printable text without spaces');
  }
  if (!Number.isInteger(rest.port) || rest.port < 1 || rest.port > 65_535) wrong('port', 'must be 1 to 65535');
  for (const field of [
    'connections',
    'maxMessagesPerConnection',
    'idleTimeoutMs',
    'recipientsPerMessage',
    'messagesPerSecond',
    'messageSizeBytes',
  ] as const) {
    if (rest[field] !== undefined && !(rest[field] > 0)) wrong(field, 'must be a number above 0');
  }
  for (const [field, value] of Object.entries(timeouts)) if (!(value > 0)) wrong(`timeouts.${field}`, 'must be milliseconds above 0');
  if (rest.requireTLS === true && (rest.ignoreTLS === true || rest.opportunisticTLS === true)) {
    wrong('requireTLS', 'contradicts ignoreTLS and opportunisticTLS; give one of them');
  }
  if (auth === undefined) return;
  const secret = 'pass' in auth ? auth.pass : auth.accessToken;
  if (typeof auth.user !== 'string' || auth.user === '') wrong('auth.user', 'must be the name to log on with');
  if (typeof secret !== 'string' || secret === '') wrong('auth', 'must have a pass or an accessToken');
}

const numbers = ['connections', 'maxMessagesPerConnection', 'idleTimeoutMs', 'recipientsPerMessage', 'messagesPerSecond', 'messageSizeBytes'];
const flags = ['secure', 'requireTLS', 'ignoreTLS', 'opportunisticTLS', 'lmtp'];
const texts = ['name', 'localAddress', 'providerName'];

/** `smtp://user:pass@host:port?connections=2&requireTLS=true`, `smtps://…`, `lmtp://…`. */
function fromUrl(text: string): SmtpOptions {
  const url = URL.canParse(text) ? new URL(text) : wrong('url', 'is no URL such as smtps://user:password@host');
  const protocol = url.protocol.slice(0, -1);
  if (protocol !== 'smtp' && protocol !== 'smtps' && protocol !== 'lmtp') wrong('url', 'must begin with smtp://, smtps:// or lmtp://');
  const options: Record<string, unknown> = {
    ...(protocol === 'smtps' && { secure: true }),
    ...(protocol === 'lmtp' && { lmtp: true }),
    ...(url.hostname !== '' && { host: decoded(url.hostname.replace(/^\[(.*)\]$/, '$1')) }),
    ...(url.port !== '' && { port: Number(url.port) }),
    ...(url.username !== '' && { auth: { user: decoded(url.username), pass: decoded(url.password) } }),
  };
  for (const [field, value] of url.searchParams) {
    if (numbers.includes(field)) options[field] = Number(value);
    else if (flags.includes(field)) options[field] = flag(field, value);
    else if (texts.includes(field)) options[field] = value;
    else if (field === 'tls.rejectUnauthorized') options['tls'] = { rejectUnauthorized: flag(field, value) };
    else wrong(field, `is no parameter of an SMTP URL; there are ${[...numbers, ...flags, ...texts, 'tls.rejectUnauthorized'].join(', ')}`);
  }
  return options;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return wrong('url', 'has a % that encodes nothing; write a plain % as %25');
  }
}

const flag = (field: string, value: string): boolean =>
  value === 'true' || value === 'false' ? value === 'true' : wrong(field, 'must be true or false');

/** The message has the field, never the value: it may be a password. */
function wrong(field: string, what: string): never {
  throw new MailspoolError('ECONFIG', `smtp: ${field} ${what}`, { field });
}
