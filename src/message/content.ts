// The contents of a message before nodemailer sees them: copies, because nodemailer writes into what it is given, with
// every name checked, and files and URLs only where the caller may read them.
import type { SendMailOptions } from 'nodemailer';
import type { Readable } from 'node:stream';
import { MailspoolError } from '../errors.ts';
import { headerName, singleLines } from './header-injection.ts';

type Contents = Pick<SendMailOptions, 'text' | 'html' | 'watchHtml' | 'amp' | 'icalEvent' | 'attachments' | 'alternatives'>;
type Part = Record<string, unknown>;

/** Whether `path` and `href` may be followed. */
export interface Access {
  readonly path: boolean;
  readonly href: boolean;
}

export function checkedContents(message: Contents, access: Access): Contents {
  const contents: { [name in keyof Contents]: unknown } = {};
  for (const name of ['text', 'html', 'watchHtml', 'amp', 'icalEvent'] as const) {
    const value = message[name];
    if (value !== undefined && value !== null) contents[name] = checkedContent(value, name, access);
  }
  for (const name of ['attachments', 'alternatives'] as const) {
    const parts: unknown = message[name];
    if (parts === undefined || parts === null) continue;
    contents[name] = (Array.isArray(parts) ? parts : [parts]).map((part: unknown, index) => checkedContent(part, `${name}[${index}]`, access));
  }
  return contents as Contents;
}

function checkedContent(value: unknown, field: string, access: Access): unknown {
  if (typeof value === 'string' || Buffer.isBuffer(value) || isStream(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value !== 'object' || value === null) throw new MailspoolError('EINVALID', `${field} is no content`, { field });
  const { content, raw, headers, tls, httpHeaders, ...names }: Part = { ...value };
  singleLines(names, field);
  refuseAccess(names, field, access);
  return {
    ...names,
    ...transferEncoding(names, content),
    ...(content === undefined || content === null ? {} : { content: checkedContent(content, `${field}.content`, access) }),
    ...(raw === undefined || raw === null ? {} : { raw: checkedContent(raw, `${field}.raw`, access) }),
    ...(headers === undefined || headers === null ? {} : { headers: checkedPartHeaders(headers, `${field}.headers`) }),
    ...(tls === undefined ? {} : { tls }),
    ...(httpHeaders === undefined ? {} : { httpHeaders }),
  };
}

function refuseAccess(names: Part, field: string, access: Access): void {
  for (const key of ['path', 'href'] as const) {
    const value = names[key];
    if (typeof value !== 'string' || value === '' || /^data:/i.test(value)) continue;
    if (/^https?:/i.test(value) ? access.href : access[key]) continue;
    throw new MailspoolError('EINVALID', `${field}.${key}: files and URLs are not read for this message`, {
      field: `${field}.${key}`,
      remedy: 'Give the content itself.',
    });
  }
}

/** What is labelled as plain lines but is none would be changed on its way or break the line limit: base64 carries it. */
function transferEncoding(names: Part, content: unknown): { contentTransferEncoding?: string } {
  const label = names['contentTransferEncoding'];
  if (typeof label !== 'string' || !/^(?:7bit|8bit|binary)$/i.test(label) || /^message\//i.test(String(names['contentType']))) return {};
  return typeof content === 'string' && !/[^\x20-\x7e\t\r\n]|[^\n]{990}|\r(?!\n)/.test(content) ? {} : { contentTransferEncoding: 'base64' };
}

function checkedPartHeaders(headers: unknown, field: string): unknown {
  const pairs = Array.isArray(headers)
    ? headers.map((header: { key?: unknown }) => header.key)
    : typeof headers === 'object' && headers
      ? Object.keys(headers)
      : [];
  for (const name of pairs) headerName(String(name), field);
  singleLines(headers, field);
  return structuredClone(headers);
}

export const isStream = (value: unknown): value is Readable =>
  typeof value === 'object' && value !== null && 'pipe' in value && typeof value.pipe === 'function';
