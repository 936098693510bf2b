// mailspool/providers/smtp: sends by SMTP or LMTP, on nodemailer's SMTPConnection.
import type { TransportProvider } from 'mailspool/provider';
import { smtpSettings, type SmtpOptions } from './options.ts';
import { SmtpSession } from './session.ts';

export type { SmtpOptions, SmtpTimeouts } from './options.ts';

/**
 * A provider that sends. A URL has the same settings as the object: `smtp://user:pass@host:port?connections=2`,
 * `smtps://…`, `lmtp://…`. Nothing is connected before there is something to send.
 * @throws ECONFIG naming the field that is wrong
 */
export function smtp(options: SmtpOptions | string): TransportProvider {
  const settings = smtpSettings(options);
  return {
    name: settings.providerName,
    logon: async (support) => new SmtpSession(settings, support),
  };
}
