// nodemailer's `list` field as List-* headers (RFC 2369, RFC 2919). nodemailer makes them in its mailer, which mailspool
// does not run; what is refused here is what could start a second header or a second URL (X-008).
import type { SendMailOptions } from 'nodemailer';
import { encodeWord, isPlainText, quoteString } from 'nodemailer/lib/mime-funcs';
import { MailspoolError } from '../errors.ts';
import { headerName, singleLines } from './header-injection.ts';

interface PreparedHeader {
  readonly key: string;
  readonly value: { readonly prepared: true; readonly foldLines: true; readonly value: string };
}

export function listHeaders(list: SendMailOptions['list']): PreparedHeader[] {
  if (!list) return [];
  singleLines(list, 'list');
  return Object.entries(list).flatMap(([key, given]) =>
    asList(given).map((entry) => ({
      key: headerName(`List-${key.trim()}`, `list.${key}`),
      value: {
        prepared: true as const,
        foldLines: true as const,
        value: asList(entry)
          .map((item) => listValue(key, item))
          .join(', '),
      },
    })),
  );
}

function listValue(key: string, given: unknown): string {
  const field = `list.${key}`;
  const entry = typeof given === 'string' ? { url: given } : (given as { url?: unknown; comment?: unknown } | null);
  if (typeof entry?.url !== 'string') throw new MailspoolError('EINVALID', `${field} has no url`, { field });
  const url = formatUrl(entry.url, field);
  const comment = typeof entry.comment === 'string' ? entry.comment : '';
  if (key.toLowerCase().trim() === 'id') return `${comment ? `${encoded(comment, quoteString)} ` : ''}${url.replace(/^<[^:]+:\/{0,2}/, '<')}`;
  return `${url}${comment ? ` (${encoded(comment, (text) => text.replace(/[()\\]/g, String.raw`\$&`))})` : ''}`;
}

const encoded = (text: string, otherwise: (text: string) => string): string => (isPlainText(text) ? otherwise(text) : encodeWord(text, 'Q', 52));

function formatUrl(url: string, field: string): string {
  if (/[\s<>\p{Cc}]/u.test(url.trim()))
    throw new MailspoolError('EINVALID', `${field} has a space, bracket or control character in its url`, { field });
  if (/^(?:https?|mailto|ftp):/.test(url)) return `<${url.trim()}>`;
  return /^[^@]+@[^@]+$/.test(url) ? `<mailto:${url.trim()}>` : `<http://${url.trim()}>`;
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
