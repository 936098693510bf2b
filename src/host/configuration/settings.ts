// The settings of the providers that come with mailspool: a misspelt one would be ignored by the provider in silence,
// so it is refused here. The compiler keeps these lists equal to the providers' own.
import type { ImapOptions } from 'mailspool/providers/imap';
import type { LoopbackOptions } from 'mailspool/providers/loopback';
import type { MailslotOptions } from 'mailspool/providers/mailslot';
import type { SmtpOptions } from 'mailspool/providers/smtp';
import { MailspoolError } from '../../errors.ts';
import { didYouMean } from '../did-you-mean.ts';

const smtp: Readonly<Record<keyof SmtpOptions, true>> = {
  host: true,
  port: true,
  secure: true,
  requireTLS: true,
  ignoreTLS: true,
  opportunisticTLS: true,
  tls: true,
  name: true,
  localAddress: true,
  auth: true,
  lmtp: true,
  connections: true,
  maxMessagesPerConnection: true,
  idleTimeoutMs: true,
  recipientsPerMessage: true,
  tnef: true,
  messagesPerSecond: true,
  messageSizeBytes: true,
  addressTypes: true,
  timeouts: true,
  providerName: true,
};

const imap: Readonly<Record<keyof ImapOptions, true>> = {
  name: true,
  host: true,
  port: true,
  secure: true,
  requireTLS: true,
  tls: true,
  auth: true,
  folders: true,
  begin: true,
  after: true,
  reception: true,
  pollIntervalMs: true,
  idleRenewMs: true,
  maxConnections: true,
  deadlines: true,
  retry: true,
  tnef: true,
  chunkBytes: true,
};

const mailslot: Readonly<Record<keyof MailslotOptions, true>> = {
  name: true,
  primaryDomain: true,
  memberOf: true,
  directory: true,
  network: true,
  providerName: true,
  inboxes: true,
  host: true,
  maxDatagramMailBytes: true,
};

const loopback: Readonly<Record<keyof LoopbackOptions, true>> = {
  name: true,
  addressTypes: true,
  limits: true,
  reception: true,
  preferLast: true,
  destination: true,
  deliver: true,
  delayMs: true,
  logon: true,
  transfer: true,
  answer: true,
  end: true,
  verify: true,
  flush: true,
  idle: true,
};

const known: Readonly<Record<string, Readonly<Record<string, true>>>> = { smtp, imap, mailslot, loopback };

/** @throws ECONFIG naming the setting */
export function refuseUnknownSettings(use: string, settings: Readonly<Record<string, unknown>>, field: string): void {
  const names = known[use];
  if (names === undefined) return;
  const wrong = Object.keys(settings).find((name) => !Object.hasOwn(names, name));
  if (wrong === undefined) return;
  const meant = didYouMean(wrong, Object.keys(names));
  throw new MailspoolError('ECONFIG', `${field}.${wrong}: the provider ${use} has no such setting`, {
    field: `${field}.${wrong}`,
    remedy: meant === undefined ? `Its settings are ${Object.keys(names).join(', ')}.` : `Did you mean ${meant}?`,
  });
}

/** `url` beside other settings stands for host, port, TLS, user and folder; what is given beside it wins. */
export function withUrl({ url, ...settings }: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> {
  if (url === undefined) return settings;
  if (typeof url !== 'string' || !URL.canParse(url))
    throw new MailspoolError('ECONFIG', `${field}.url: the URL cannot be read`, { field: `${field}.url`, remedy: urlRemedy });
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const folder = protocol.startsWith('imap') ? decodeURIComponent(pathname.slice(1)) : '';
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(protocol === 'smtps:' || protocol === 'imaps:' ? { secure: true } : {}),
    ...(protocol === 'imap:' ? { secure: false } : {}),
    ...(protocol === 'lmtp:' ? { lmtp: true } : {}),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...(folder === '' ? {} : { folders: [folder] }),
    ...settings,
  };
}

export const urlRemedy =
  'Write smtp://, smtps://, imap:// or imaps://, then user:password@host:port; encode special characters in the password as %40 and the like.';
