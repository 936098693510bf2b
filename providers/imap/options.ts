// What a user of the IMAP provider may set, and the checked settings made of it. A mistake is an ECONFIG that names
// its field before anything is connected.
import type { ConnectionOptions } from 'node:tls';
import { MailspoolError, type Backoff, type Credentials } from 'mailspool/provider';

/**
 * Where the first look at a folder begins. What is there already is, with `new`, never received and never announced.
 * `since` is a date, or one in the form of ISO 8601.
 */
export type Begin = 'new' | 'all' | { readonly since: Date | string };

/** What happens at the server once a message is saved here. */
export type After = 'leave' | 'delete' | { readonly flag: string } | { readonly move: string };

export interface ImapDeadlines {
  /** Name resolution, TCP and TLS. Default 30 s. */
  readonly connectMs?: number;
  /** One command, or one piece of a message. Default 60 s. */
  readonly commandMs?: number;
  /** LOGOUT; then the socket is closed anyway. Default 2 s. */
  readonly logoutMs?: number;
}

export interface ImapOptions {
  /** Part of the session's key; needed when one account has two of them. Default `imap`. */
  readonly name?: string;
  readonly host: string;
  /** Default 993, or 143 with `secure: false`. */
  readonly port?: number;
  /** TLS from the first byte on (RFC 8314). Default: unless the port is 143. */
  readonly secure?: boolean;
  /** Without `secure`: refuse to log in unless STARTTLS worked. Default: yes, except on the loopback. */
  readonly requireTLS?: boolean;
  /** Node's TLS options, such as `ca`. */
  readonly tls?: ConnectionOptions;
  /** Without it the account's credentials are used, and refreshed once when they are refused (T-062). */
  readonly auth?: Credentials;
  /** Folder names, or patterns with `*` (anything) and `%` (one level). Default `['INBOX']`. */
  readonly folders?: readonly string[];
  /** Default `new`. */
  readonly begin?: Begin;
  /** Default `leave`. */
  readonly after?: After;
  /** Default `notify`: IDLE, checked by polling. */
  readonly reception?: 'notify' | 'poll';
  /** How often to look without being told. Default 60 s; with `notify` 5 min. */
  readonly pollIntervalMs?: number;
  /** IDLE is begun anew after this time, below 29 min (RFC 2177). Default 20 min. */
  readonly idleRenewMs?: number;
  /** With `notify`: folders beyond the first are watched by connections of their own up to this number; others are polled. Default 1. */
  readonly maxConnections?: number;
  readonly deadlines?: ImapDeadlines;
  /** Between attempts to connect. Default 1 s doubling to 5 min, a fifth of it random. */
  readonly retry?: Backoff;
  /** Whether a part in TNEF, `winmail.dat`, makes room for what it holds. Default true; a part that is damaged or foreign stays. */
  readonly tnef?: boolean;
  /** How much of a message is asked for at a time, in bytes; the most that is in memory. Default 512 KiB. */
  readonly chunkBytes?: number;
}

/** Options with every default filled in. */
export interface Settings extends Required<Omit<ImapOptions, 'tls' | 'auth' | 'begin' | 'deadlines'>> {
  readonly begin: 'new' | 'all' | { readonly sinceMs: number };
  readonly tls: ConnectionOptions;
  readonly auth: Credentials | undefined;
  readonly deadlines: Required<ImapDeadlines>;
}

/** RFC 2177: servers may log out a client that idles for 30 minutes. */
const longestIdleMs = 29 * 60_000;
const defaultRetry: Backoff = { firstMs: 1_000, factor: 2, maxMs: 5 * 60_000, jitter: 0.2 };

/** @throws ECONFIG with `field` */
export function settingsOf(input: ImapOptions | string): Settings {
  const options = typeof input === 'string' ? optionsOfUrl(input) : input;
  if (!options.host) throw mistake('host', 'is missing', 'Name the IMAP server.');
  const secure = options.secure ?? options.port !== 143;
  const reception = options.reception ?? 'notify';
  const settings: Settings = {
    name: options.name ?? 'imap',
    host: options.host,
    port: whole('port', options.port ?? (secure ? 993 : 143), 1, 65_535),
    secure,
    requireTLS: options.requireTLS ?? !isLoopback(options.host),
    tls: options.tls ?? {},
    auth: options.auth,
    folders: foldersOf(options.folders ?? ['INBOX']),
    begin: beginOf(options.begin ?? 'new'),
    after: afterOf(options.after ?? 'leave'),
    reception,
    pollIntervalMs: whole('pollIntervalMs', options.pollIntervalMs ?? (reception === 'poll' ? 60_000 : 5 * 60_000), 1),
    idleRenewMs: whole('idleRenewMs', options.idleRenewMs ?? 20 * 60_000, 1, longestIdleMs),
    maxConnections: whole('maxConnections', options.maxConnections ?? 1, 1),
    deadlines: deadlinesOf(options.deadlines ?? {}),
    retry: options.retry ?? defaultRetry,
    tnef: options.tnef ?? true,
    chunkBytes: whole('chunkBytes', options.chunkBytes ?? 512 * 1024, 1_024, 16 * 1024 * 1024),
  };
  if (reception !== 'notify' && reception !== 'poll') throw mistake('reception', `is ${JSON.stringify(reception)}`, "Use 'notify' or 'poll'.");
  refuseLoop(settings);
  return settings;
}

/** imaps://user:pass@host:port/INBOX (RFC 5092, as far as it names a server, a user and one folder) */
function optionsOfUrl(text: string): ImapOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'imaps:' && url.protocol !== 'imap:')) {
    throw mistake('url', 'is not an IMAP address', 'Write imaps://user:password@host:port/INBOX.');
  }
  const folder = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    secure: url.protocol === 'imaps:',
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(user === '' ? {} : { auth: { user, pass: decoded(url.password) } }),
    ...(folder === '' ? {} : { folders: [folder] }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw mistake('url', 'has a wrong percent-encoding', 'Encode % itself as %25.');
  }
}

function foldersOf(folders: readonly string[]): readonly string[] {
  if (folders.length === 0) throw mistake('folders', 'is empty', "Name at least one, such as 'INBOX'.");
  const wrong = folders.find((folder) => folder === '' || hasControls(folder));
  if (wrong !== undefined) throw mistake('folders', `has ${JSON.stringify(wrong)}`, 'Use names without control characters.');
  return [...new Set(folders.map(canonicalFolder))];
}

/** INBOX is the one name without regard to case (RFC 9051, 5.1). */
export const canonicalFolder = (folder: string): string => (/^inbox$/i.test(folder) ? 'INBOX' : folder);

export const isPattern = (folder: string): boolean => /[*%]/.test(folder);

function beginOf(begin: Begin): Settings['begin'] {
  if (begin === 'new' || begin === 'all') return begin;
  const since = typeof begin === 'object' && begin !== null ? begin.since : undefined;
  const ms = since instanceof Date ? since.getTime() : typeof since === 'string' ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(ms)) throw mistake('begin', `is ${JSON.stringify(begin)}`, "Use 'new', 'all' or { since: a date }.");
  return { sinceMs: ms };
}

function afterOf(after: After): After {
  if (after === 'leave' || after === 'delete') return after;
  if (typeof after === 'object' && 'flag' in after && /^\\?[\w$.-]+$/.test(after.flag)) return after;
  if (typeof after === 'object' && 'move' in after && after.move !== '' && !hasControls(after.move)) return { move: canonicalFolder(after.move) };
  throw mistake('after', `is ${JSON.stringify(after)}`, "Use 'leave', 'delete', { flag: '\\\\Seen' } or { move: 'Archive' }.");
}

/** A message that is moved into a watched folder would come in again and again. */
function refuseLoop({ after, folders }: Settings): void {
  if (typeof after === 'object' && 'move' in after && folders.includes(after.move)) {
    throw mistake('after.move', `is ${JSON.stringify(after.move)}, which is watched itself`, 'Move to a folder that is not among folders.');
  }
}

function deadlinesOf(deadlines: ImapDeadlines): Required<ImapDeadlines> {
  return {
    connectMs: whole('deadlines.connectMs', deadlines.connectMs ?? 30_000, 1),
    commandMs: whole('deadlines.commandMs', deadlines.commandMs ?? 60_000, 1),
    logoutMs: whole('deadlines.logoutMs', deadlines.logoutMs ?? 2_000, 1),
  };
}

function whole(field: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw mistake(field, `is ${String(value)}`, `Use a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ''}.`);
}

// oxlint-disable-next-line no-control-regex
const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/i.test(host);

const mistake = (field: string, what: string, remedy: string): MailspoolError =>
  new MailspoolError('ECONFIG', `imap: ${field} ${what}`, { field, remedy });
