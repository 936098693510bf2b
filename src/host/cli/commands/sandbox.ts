// `mailspool sandbox`: a small SMTP and IMAP server; what the one accepts shows up in the other's mailboxes.
import { endpoint, startSandbox, type SandboxUser } from '../../demo/sandbox.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';
import { Interrupts } from '../signals.ts';
import { MailspoolError } from '../../../errors.ts';

export interface SandboxFlags {
  readonly smtpPort?: number;
  readonly imapPort?: number;
  readonly user?: readonly SandboxUser[];
}

const defaultUsers: readonly SandboxUser[] = [{ user: 'user', pass: 'pass' }];

export async function sandbox(context: Context, { user: users = defaultUsers, ...ports }: SandboxFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const { output } = context;
  await using servers = await startSandbox({ ...ports, users }).catch(refused);
  output.record({ type: 'running', pid: process.pid, smtp: servers.smtp.url, imap: servers.imap.url, users: users.map(({ user }) => user) });
  output.pairs([
    ['SMTP', { text: `smtp://${endpoint(servers.smtp)}`, tone: 'name' }],
    ['IMAP', { text: `imap://${endpoint(servers.imap)}`, tone: 'name' }],
    ...users.map(({ user, pass }): [string, string] => ['User', `${user}, password ${pass}`]),
  ]);
  output.line();
  output.line('Whatever is sent to a user, at any domain, shows up in the INBOX. Try:');
  const [first = { user: 'user', pass: 'pass' }] = users;
  const [smtp, imap] = [servers.smtp, servers.imap].map((server) => `${encodeURIComponent(first.user)}:${encodeURIComponent(first.pass)}@${endpoint(server)}`);
  output.line(`  mailspool run --smtp ${printable(`smtp://${smtp}`)} --imap ${printable(`imap://${imap}`)}`);
  output.line(`  mailspool submit --from me@sandbox.test --to ${printable(first.user)}@sandbox.test --subject Hello --text Hello --wait`);
  output.line('Ctrl-C stops it; its mail is gone then.');
  await interrupts.next();
  return 0;
}

function refused(cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'EADDRINUSE' && cause.code !== 'EACCES') throw cause;
  throw new MailspoolError('EINVALID', `the port cannot be used: ${cause.message}`, { cause, field: 'port', remedy: 'Name another with --smtp-port and --imap-port; without them free ones are taken.' });
}
