// What went wrong at the server, in the spooler's words: a code from the catalogue, the server's own reply, and the
// gate that says why the account waits. Nothing of imapflow's errors leaves this folder.
import { isMailspoolError, TransportError, type Gate } from 'mailspool/provider';

/** The parts of imapflow's errors that are read; each may be missing. */
interface Failure extends Error {
  readonly code?: unknown;
  readonly responseStatus?: unknown;
  readonly responseText?: unknown;
  readonly serverResponseCode?: unknown;
  readonly response?: unknown;
  readonly reason?: unknown;
  readonly throttleReset?: unknown;
  readonly authenticationFailed?: unknown;
}

/** RFC 5530 and what large providers send beside it: slow down, come back later. */
const throttling = new Set(['THROTTLED', 'INUSE', 'LIMIT', 'UNAVAILABLE', 'OVERQUOTA']);
const throttlingText = /too many (simultaneous |concurrent )?(connections|logins|commands|requests)|throttl|bandwidth|rate limit|try again later/i;
const tlsCodes =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|HOSTNAME_MISMATCH|EPROTO$|STARTTLS_INJECTION|UPGRADE_TIMEOUT)/;
const timeouts = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'ETIMEDOUT', 'ETIMEOUT', 'LockTimeout']);
const lost = /^(NoConnection|EConnectionClosed|StateLogout|ClosedAfterConnect|ECONN|EPIPE|EHOST|ENET|ESOCKET)/;

/** `what`: the command or step that failed, such as 'UID FETCH'. */
export function toTransportError(error: unknown, what: string): TransportError {
  if (error instanceof TransportError) return error;
  const failure = (error instanceof Error ? error : new Error(String(error))) as Failure;
  const code = typeof failure.code === 'string' ? failure.code : '';
  const response = responseOf(failure);
  const options = { cause: error, outcome: 'notSent' as const, ...(response === undefined ? {} : { response }) };
  const fail = (as: string, reason: Gate['reason'] | undefined, text: string, retryAfterMs?: number): TransportError =>
    new TransportError(as, `IMAP ${what}: ${text}`, {
      ...options,
      ...(reason === undefined ? {} : { gate: { reason } }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  const text = response ?? failure.message;
  if (isThrottling(failure, response))
    return fail('EWAIT', 'throttled', text, typeof failure.throttleReset === 'number' ? failure.throttleReset : undefined);
  if (isRefusedLogin(failure)) return fail('EAUTH', 'authRequired', text);
  if (timeouts.has(code)) return fail('ETIMEDOUT', 'unreachable', text);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return fail('EDNS', 'unreachable', text);
  if (tlsCodes.test(code) || 'tlsFailed' in failure) return fail('ETLS', 'unreachable', text);
  if (lost.test(code)) return fail('ECONNECTION', 'unreachable', typeof failure.reason === 'string' ? failure.reason : 'the connection is lost');
  if (isMailspoolError(error)) return fail(error.code, undefined, text);
  return fail('EPROTOCOL', isRefusal(error) ? undefined : 'unreachable', text);
}

/** The server answered NO or BAD: it lives, and wants something else. */
export const isRefusal = (error: unknown): boolean => {
  const failure = (error instanceof TransportError ? error.cause : error) as Failure | undefined;
  return failure?.responseStatus === 'NO' || failure?.responseStatus === 'BAD';
};

/** The refused folder does not exist: imapflow asks LIST after a refused SELECT. */
export const isMissing = (error: TransportError): boolean => error.cause instanceof Error && 'mailboxMissing' in error.cause;

function isThrottling(failure: Failure, response: string | undefined): boolean {
  if (failure.code === 'ETHROTTLE') return true;
  const said = response ?? (typeof failure.reason === 'string' ? failure.reason : '');
  return throttling.has(responseCodeOf(failure) ?? '') || throttlingText.test(said);
}

/** imapflow marks every error during the login; only the server's NO, or no way to log in at all, is one. */
const isRefusedLogin = (failure: Failure): boolean =>
  failure.authenticationFailed === true && (failure.responseStatus === 'NO' || (failure.responseStatus === undefined && failure.code === undefined));

/** [CODE] of a reply: imapflow names some, and keeps the parsed reply for others. */
function responseCodeOf(failure: Failure): string | undefined {
  if (typeof failure.serverResponseCode === 'string') return failure.serverResponseCode.toUpperCase();
  const parsed = failure.response as { attributes?: { section?: { value?: unknown }[] }[] } | undefined;
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const value = parsed.attributes?.[0]?.section?.[0]?.value;
  return typeof value === 'string' ? value.toUpperCase() : undefined;
}

function responseOf(failure: Failure): string | undefined {
  const { responseStatus: status, responseText: text } = failure;
  if (typeof status !== 'string') return undefined;
  const code = responseCodeOf(failure);
  return [status, ...(code === undefined ? [] : [`[${code}]`]), ...(typeof text === 'string' ? [text] : [])].join(' ');
}
