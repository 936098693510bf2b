// `mailspool sandbox`: a small SMTP and IMAP server; what the one accepts shows up in the other's mailboxes.
import { endpoint, startSandbox, type SandboxUser } from '../../demo/sandbox.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';
import { Interrupts } from '../signals.ts';

export interface SandboxFlags {
  readonly smtpPort?: number;
  readonly imapPort?: number;
  readonly user?: readonly SandboxUser[];
}

const defaultUser: SandboxUser = { user: 'user', pass: 'pass' };

export async function sandbox(context: Context, { user: users = [defaultUser], ...ports }: SandboxFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output } = context;
  await using servers = await startSandbox({ ...ports, users });
  output.record({ type: 'running', pid: process.pid, smtp: servers.smtp.url, imap: servers.imap.url, users: users.map(({ user }) => user) });
  output.pairs([
    ['SMTP', { text: `smtp://${endpoint(servers.smtp)}`, tone: 'name' }],
    ['IMAP', { text: `imap://${endpoint(servers.imap)}`, tone: 'name' }],
    ...users.map(({ user, pass }): [string, string] => ['User', `${user}, password ${pass}`]),
  ]);
  output.line();
  output.line('Whatever is sent to a user, at any domain, shows up in the INBOX. Try:');
  output.line(`  mailspool run --smtp ${printable(servers.smtp.url)} --imap ${printable(servers.imap.url)}`);
  output.line(`  mailspool submit --from me@sandbox.test --to ${printable(addressOf(users[0]))} --subject Hello --text Hello --wait`);
  output.line('Ctrl-C stops it; its mail is gone then.');
  await interrupts.next();
  return 0;
}

const addressOf = ({ user }: SandboxUser = defaultUser): string => (user.includes('@') ? user : `${user}@sandbox.test`);
