// What a server's reply means for a recipient: the class decides (RFC 5321, 4.2.1), the enhanced code (RFC 3463) and
// the text explain. Pure functions over reply lines as they came.
import type { Diagnostic, Outcome, Phase } from 'mailspool/provider';

/** Replies are kept whole up to this many characters. */
const keptChars = 4096;
/** A stated delay beyond this is not taken at its word. */
const longestDelayMs = 24 * 60 * 60_000;

/** What a reply can say to one recipient. */
export type Refusal = Extract<Outcome, { retryAfterMs?: number }> | { readonly outcome: 'rejected'; readonly diagnostic: Diagnostic };

/** The basic code of a well-formed reply; undefined for anything else. */
export function replyCode(response: string): number | undefined {
  const code = /^[2-5]\d\d(?=[ \r\n-]|$)/.exec(response)?.[0];
  return code === undefined ? undefined : Number(code);
}

/** 421 ends the session, whatever it answered (T-023). */
export const isClosing = (response: string): boolean => replyCode(response) === 421;

/** Whether the rest may go in a further transaction (T-024; RFC 5321, 4.5.3.1.10). */
export function isTooManyRecipients(response: string): boolean {
  const code = replyCode(response);
  if (code !== 452 && code !== 552) return false;
  return enhancedCode(response)?.endsWith('.5.3') === true || /too many (recipients|rcpt)/i.test(response);
}

/** A refusal by reply: 5yz is final, 4yz and what is no reply at all may be tried again (T-021). */
export function refusal(response: string, phase: Phase, code: string): Refusal {
  const basic = replyCode(response);
  const tooMany = isTooManyRecipients(response);
  if (basic !== undefined && basic >= 500 && !tooMany) return { outcome: 'rejected', diagnostic: diagnostic(response, phase, code) };
  const retryAfterMs = basic === undefined ? undefined : statedDelayMs(response);
  return {
    outcome: 'notSent',
    diagnostic: diagnostic(response, phase, basic === undefined || basic < 400 ? 'EPROTOCOL' : code),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

export function diagnostic(response: string, phase: Phase, code: string): Diagnostic {
  const responseCode = replyCode(response);
  const enhanced = enhancedCode(response);
  const reason = recognised(response);
  return {
    code,
    text: replyText(response) || 'the server gave no reason',
    phase,
    response: response.slice(0, keptChars),
    ...(responseCode !== undefined && { responseCode }),
    ...(enhanced !== undefined && { enhancedCode: enhanced }),
    ...(reason !== undefined && { reason }),
  };
}

/** The enhanced code; where its class contradicts the reply's, the reply's wins (T-035). */
export function enhancedCode(response: string): string | undefined {
  const [, basic, rest] = /^([2-5])\d\d[ -][245](\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(response) ?? [];
  return basic === undefined || basic === '3' || rest === undefined ? undefined : basic + rest;
}

/** The words of a reply, without its codes. */
function replyText(response: string): string {
  const lines = response.slice(0, keptChars).split(/\r?\n/);
  return lines
    .map((line) => line.replace(/^\d{3}(?:[ -]|$)(?:[245]\.\d{1,3}\.\d{1,3}(?:\s|$))?/, '').trim())
    .join(' ')
    .trim();
}

function recognised(response: string): string | undefined {
  const code = replyCode(response);
  if (code === undefined || code < 400) return undefined;
  if (isTooManyRecipients(response)) return 'tooManyRecipients';
  if ((code === 450 || code === 451) && /gr[ae]y-?\s?list/i.test(response)) return 'greylisted';
  if (code < 500 && /rate limit|too many (connections|messages|requests)|throttl|slow down/i.test(response)) return 'throttled';
  return undefined;
}

/** A delay that the reply states, in ms: `try again in 300 seconds`, `come back in 00:05:00` (U-036). */
export function statedDelayMs(response: string): number | undefined {
  const [, hours, minutes, seconds] = /\b(?:in|for|after)\s+(\d{1,2}):(\d\d):(\d\d)\b/i.exec(response) ?? [];
  if (hours !== undefined) return bounded(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
  const [, count, unit] =
    /\b(?:in|for|after|wait|retry)\s+(?:at least\s+|another\s+)?(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b/i.exec(response) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const unitMs = { s: 1000, m: 60_000, h: 3_600_000 }[unit[0]?.toLowerCase() as 's' | 'm' | 'h'];
  return bounded(Number(count) * unitMs);
}

const bounded = (ms: number): number | undefined => (ms > 0 && ms <= longestDelayMs ? ms : undefined);

/** What the server calls the message, where its reply says so. */
export function remoteIdOf(response: string): string | undefined {
  return /\bqueued as ([\w.-]{1,128})/i.exec(response)?.[1] ?? /\bid=([\w.-]{1,128})/.exec(response)?.[1];
}
