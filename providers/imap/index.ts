// mailspool/providers/imap: receives mail from an IMAP server. It sends nothing.
import type { TransportProvider } from 'mailspool/provider';
import { settingsOf, type ImapOptions } from './options.ts';
import { ImapSession } from './session.ts';

export type { After, Begin, ImapDeadlines, ImapOptions } from './options.ts';

/**
 * A provider that receives the mail of one IMAP account, told by IDLE or by looking.
 * @param options settings, or `imaps://user:password@host:port/INBOX`
 * @throws ECONFIG with the field that is wrong
 */
export function imap(options: ImapOptions | string): TransportProvider {
  const settings = settingsOf(options);
  return {
    name: settings.name,
    contract: { min: 1, max: 1 },
    logon: (support, logon) => ImapSession.logon(settings, support, logon),
  };
}
