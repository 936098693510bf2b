// The service extensions of the fake, and the parameters of MAIL and RCPT that come with them. Pure.
import type { SmtpReply } from './fault.ts';
import type { SmtpPath } from './grammar.ts';
import type { SmtpHost } from './smtp-host.ts';

/** RFC 1870, 2920, 3207, 6152, 6531, 2034, 3461, 4954, 3030. */
export type SmtpExtension = (typeof all)[number];

const all = ['PIPELINING', 'SIZE', 'STARTTLS', 'AUTH', 'ENHANCEDSTATUSCODES', '8BITMIME', 'SMTPUTF8', 'DSN', 'CHUNKING'] as const;

/** The lines of the answer to EHLO. */
export function extensionLines(
  offers: (extension: SmtpExtension) => boolean,
  { maxMessageBytes, mechanisms }: Pick<SmtpHost, 'maxMessageBytes' | 'mechanisms'>,
): string[] {
  return all.filter(offers).map((extension) => {
    if (extension === 'SIZE') return `SIZE ${maxMessageBytes}`;
    return extension === 'AUTH' ? `AUTH ${mechanisms.join(' ')}` : extension;
  });
}

/** Which extension allows the parameter, and what its value looks like. */
const parameters: Readonly<Record<string, { readonly of: SmtpExtension; readonly on: 'MAIL' | 'RCPT'; readonly value: RegExp }>> = {
  SIZE: { of: 'SIZE', on: 'MAIL', value: /^\d{1,20}$/ },
  BODY: { of: '8BITMIME', on: 'MAIL', value: /^(7BIT|8BITMIME)$/i },
  SMTPUTF8: { of: 'SMTPUTF8', on: 'MAIL', value: /^$/ },
  AUTH: { of: 'AUTH', on: 'MAIL', value: /./ },
  RET: { of: 'DSN', on: 'MAIL', value: /^(FULL|HDRS)$/i },
  ENVID: { of: 'DSN', on: 'MAIL', value: /./ },
  NOTIFY: { of: 'DSN', on: 'RCPT', value: /^(NEVER|(SUCCESS|FAILURE|DELAY)(,(SUCCESS|FAILURE|DELAY))*)$/i },
  ORCPT: { of: 'DSN', on: 'RCPT', value: /^[^;]+;./ },
};

/** Why the path cannot be taken, if it cannot. */
export function refusalOf(
  command: 'MAIL' | 'RCPT',
  path: SmtpPath,
  utf8: boolean,
  offers: (extension: SmtpExtension) => boolean,
  maxMessageBytes: number,
): SmtpReply | undefined {
  for (const [name, value] of Object.entries(path.args)) {
    const known = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!known || known.on !== command || !offers(known.of)) return { code: 555, enhancedCode: '5.5.4', message: `${name} is not known here` };
    if (!known.value.test(value === true ? '' : value)) return { code: 501, enhancedCode: '5.5.4', message: `${name} does not look like that` };
  }
  if (Number(path.args['SIZE'] ?? 0) > maxMessageBytes) return { code: 552, enhancedCode: '5.3.4', message: 'Message too big' };
  // RFC 6531 section 3.5
  if (!utf8 && /[^\0-\x7f]/.test(path.address)) return { code: 553, enhancedCode: '5.6.7', message: 'SMTPUTF8 is needed for that address' };
  return undefined;
}
