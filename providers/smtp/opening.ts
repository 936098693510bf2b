// From nothing to a connection that may send: name, TCP, greeting, TLS, AUTH. Each failure says how far it came and
// becomes a gate, since no message had a part in it (U-064).
import SMTPConnection, { type SMTPConnectionOptions, type SMTPConnectionCustomAuthContext } from 'nodemailer/lib/smtp-connection';
import type { Clock, Credentials, Phase } from 'mailspool/provider';
import { Connection, timedOut, type WireError } from './connection.ts';
import { extensionsOf } from './extensions.ts';
import { tlsRequired, type SmtpSettings } from './options.ts';
import { replyCode } from './replies.ts';

/** Why there is no connection. `code` is one of the catalogue. */
export class OpeningError extends Error {
  readonly code: string;
  readonly phase: Phase;
  readonly response: string | undefined;

  constructor(code: string, phase: Phase, message: string, response: string | undefined, cause: unknown) {
    super(message, { cause });
    this.name = 'OpeningError';
    this.code = code;
    this.phase = phase;
    this.response = response;
  }

  /** The server looked at the credentials and refused them; others may do (T-062). */
  get refusedCredentials(): boolean {
    return this.code === 'EAUTH' && (this.response === undefined || (replyCode(this.response) ?? 0) >= 500);
  }
}

export interface OpeningOptions {
  readonly settings: SmtpSettings;
  readonly credentials: Credentials | undefined;
  readonly clock: Clock;
}

/** @throws OpeningError, or the reason of `signal` */
export async function openConnection({ settings, credentials, clock }: OpeningOptions, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const requireTLS = !settings.secure && tlsRequired(settings, credentials);
  const wire = new SMTPConnection(wireOptions(settings, credentials, requireTLS));
  const done = new AbortController();
  let authenticating = false;
  let extensions = extensionsOf('');
  try {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error) => reject(openingError(error, wire, authenticating ? 'auth' : undefined, requireTLS, settings));
      wire.on('error', failed);
      wire.once('end', () => queueMicrotask(() => failed(new Error('the server closed the connection'))));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: done.signal });
      watch(wire, settings, clock, done.signal).catch(failed);
      wire.connect((error) => {
        if (error) return failed(error);
        extensions = extensionsOf(ehloOf(wire));
        if (credentials === undefined || !wire.allowsAuth) return settings.auth ? failed(noAuth(settings)) : resolve();
        authenticating = true;
        const auth = 'pass' in credentials ? { user: credentials.user, pass: credentials.pass } : { user: credentials.user, method: bearer };
        wire.login(auth, (refusal) => (refusal ? failed(refusal) : resolve()));
      });
    });
    return new Connection(wire, extensions, clock, settings.timeouts);
  } catch (error) {
    wire.close();
    throw error;
  } finally {
    done.abort();
  }
}

/** The reply to EHLO: the last one, unless STARTTLS failed since and the session goes on in the clear. */
function ehloOf(wire: SMTPConnection): string {
  const last = wire.lastServerResponse || '';
  if (last.startsWith('250')) return last;
  const lines: unknown = Reflect.get(wire, '_ehloLines');
  return ['250', ...(Array.isArray(lines) ? lines : [])].join('\n250-');
}

const noAuth = ({ host }: SmtpSettings): Error => Object.assign(new Error(`${host} does not offer AUTH on this connection`), { code: 'EAUTH' });

/** Deadlines by the spooler's clock: one for the connection, then one for each step that the server takes. */
async function watch(wire: SMTPConnection, { timeouts }: SmtpSettings, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let seen = ''; ;) {
    const [stage, progress] = [wire.stage, `${wire.stage} ${wire.lastServerResponse}`];
    if (seen === progress) throw timedOut(stage === 'init' ? 'connect' : 'greeting');
    seen = progress;
    try {
      await clock.sleep(stage === 'init' ? timeouts.connectMs : timeouts.greetingMs, signal);
    } catch {
      return;
    }
  }
}

function wireOptions(settings: SmtpSettings, credentials: Credentials | undefined, requireTLS: boolean): SMTPConnectionOptions {
  const { host, port, secure, tls, name, localAddress, ignoreTLS, opportunisticTLS, lmtp, timeouts } = settings;
  const second = 1000;
  return {
    host,
    port,
    secure,
    requireTLS,
    ...(ignoreTLS !== undefined && { ignoreTLS }),
    ...(opportunisticTLS !== undefined && { opportunisticTLS }),
    ...(tls && { tls }),
    ...(name !== undefined && { name }),
    ...(localAddress !== undefined && { localAddress }),
    lmtp,
    // nodemailer's own timers stand behind ours. Its connectionTimeout counts to the end of STARTTLS.
    connectionTimeout: timeouts.connectMs + 3 * timeouts.greetingMs + second,
    dnsTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs + second,
    socketTimeout: Math.max(timeouts.finalMs, timeouts.replyMs, timeouts.blockMs, timeouts.greetingMs) + second,
    // A closed connection is gone: no handle outlives it (U-061).
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
    ...(credentials && 'accessToken' in credentials && { customAuth: { [bearer]: xoauth2(credentials) } }),
  };
}

/**
 * Our name for XOAUTH2. By its own name nodemailer takes whatever the server lists first, unless it makes the tokens
 * itself, and then misses a password.
 */
const bearer = 'BEARER';

/** XOAUTH2 with a token that the account has already: one question, and an empty answer to the server's explanation. */
function xoauth2({ user, accessToken }: Extract<Credentials, { accessToken: string }>) {
  const initial = Buffer.from(`user=${user}\u0001auth=Bearer ${accessToken}\u0001\u0001`).toString('base64');
  return async (context: SMTPConnectionCustomAuthContext): Promise<void> => {
    const first = await context.sendCommand(`AUTH XOAUTH2 ${initial}`);
    const reply = first.status === 334 ? await context.sendCommand('') : first;
    if (reply.status !== 235) context.reject(new Error('the server refused the access token'));
  };
}

function openingError(error: WireError, wire: SMTPConnection, known: Phase | undefined, requireTLS: boolean, settings: SmtpSettings): OpeningError {
  const phase = known ?? phaseOf(error, wire, settings.secure);
  const { host, port } = settings;
  return new OpeningError(codeOf(error, phase, requireTLS), phase, `${host}:${port}: ${error.message}`, error.response, error);
}

/** nodemailer says CONN for all of it; what the socket and the conversation look like tells more. */
function phaseOf(error: WireError & { readonly syscall?: string }, wire: SMTPConnection, secure: boolean): Phase {
  if (error.code === 'EAUTH') return 'auth';
  if (error.code === 'ETLS' || error.command === 'STARTTLS' || wire.upgrading) return 'tls';
  if (wire.stage === 'connected') return 'greeting';
  const reached = secure && error.code !== 'EDNS' && error.syscall === undefined && error.code !== 'ETIMEDOUT';
  return reached ? 'tls' : 'connect';
}

function codeOf(error: WireError, phase: Phase, requireTLS: boolean): string {
  if (error.code === 'ETIMEDOUT' || error.code === 'EDNS' || error.code === 'EPROTOCOL') return error.code;
  switch (phase) {
    case 'auth':
      return error.response === undefined && error.code !== 'EAUTH' ? 'ECONNECTION' : 'EAUTH';
    case 'tls':
      return requireTLS && error.response !== undefined ? 'EREQUIRETLS' : 'ETLS';
    default:
      return 'ECONNECTION';
  }
}
