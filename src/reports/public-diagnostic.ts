// What of a diagnostic may leave the house. A remote system's reply is repeated; our own error texts are not, since
// they may hold paths, host names or credentials (T-044).
import { errorCatalogue, type ErrorCode } from '../errors.ts';
import type { Diagnostic } from '../message/outcome.ts';
import type { ReportedRecipient } from './delivery-report.ts';

const maxReplyLength = 500;

/** For `Diagnostic-Code`: `smtp; 550 5.1.1 …`, or our code and its sentence. */
export function publicReply(diagnostic: Diagnostic): string {
  if (diagnostic.responseCode === undefined) return `x-mailspool; ${diagnostic.code} ${meaningOf(diagnostic.code)}`.trim();
  const said = diagnostic.response ?? `${diagnostic.responseCode} ${diagnostic.enhancedCode ?? ''}`;
  return `smtp; ${withoutSecrets(said).slice(0, maxReplyLength)}`.trim();
}

/** For people: the reply, or what our code means. */
export function publicSentence(diagnostic: Diagnostic): string {
  const said =
    diagnostic.responseCode === undefined
      ? undefined
      : withoutSecrets(diagnostic.response ?? '')
          .slice(0, maxReplyLength)
          .trim();
  return said ? `The next system replied: ${said}` : meaningOf(diagnostic.code) || `The error is ${diagnostic.code}.`;
}

const meaningOf = (code: string): string => (code in errorCatalogue ? errorCatalogue[code as ErrorCode].means : '');

/** Passwords in URLs and what follows AUTH or a token's name; a server may echo what it was sent. */
const withoutSecrets = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]{1,200}@/gi, '$1')
    .replace(/\b(AUTH\s+[A-Z0-9-]{1,20}|password|passwd|token|bearer|secret)(\s*[=:]\s*|\s+)\S+/gi, '$1$2***');

const withoutCode: Partial<Record<string, string>> = {
  EEXPIRED: '4.4.7',
  ENOROUTE: '5.1.2',
  EMAXSIZE: '5.3.4',
  ECORRUPT: '5.6.0',
  EPREPROCESS: '5.7.1',
};

/** RFC 3463. A recipient given up after temporary failures keeps their 4.x.x (RFC 3464 2.3.4). */
export function statusCode({ status, diagnostic }: ReportedRecipient): string {
  if (status === 'delivered' || status === 'relayed') return diagnostic?.enhancedCode?.startsWith('2') ? diagnostic.enhancedCode : '2.0.0';
  const given = diagnostic?.enhancedCode;
  if (given !== undefined && /^[45]\.\d{1,3}\.\d{1,3}$/.test(given)) return given;
  const family = diagnostic?.responseCode === undefined ? undefined : Math.floor(diagnostic.responseCode / 100);
  if (family === 4 || family === 5) return `${family}.0.0`;
  return withoutCode[diagnostic?.code ?? ''] ?? (status === 'delayed' ? '4.0.0' : '5.0.0');
}
