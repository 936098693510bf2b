// The sandbox: a fake SMTP and a fake IMAP server in the process, sharing their mailboxes. For the command of that name
// and for the demo. Nothing leaves the machine.
import { fakeImap, fakeMailboxes, fakeSmtp, type FakeImap, type FakeMailboxes, type FakeSmtp } from 'mailspool/testing';

export interface SandboxUser {
  readonly user: string;
  readonly pass: string;
}

export interface SandboxOptions {
  /** Default: free ones. */
  readonly smtpPort?: number;
  readonly imapPort?: number;
  readonly users: readonly SandboxUser[];
}

export interface Sandbox extends AsyncDisposable {
  readonly smtp: FakeSmtp;
  readonly imap: FakeImap;
  readonly mailboxes: FakeMailboxes;
  readonly users: readonly SandboxUser[];
}

/** @throws ECONFIG if a port is taken or not permitted */
export async function startSandbox({ smtpPort, imapPort, users }: SandboxOptions): Promise<Sandbox> {
  const mailboxes = fakeMailboxes({ users: Object.fromEntries(users.map(({ user, pass }) => [user, pass])) });
  const smtp = await fakeSmtp({ mailboxes, ...(smtpPort === undefined ? {} : { port: smtpPort }) });
  try {
    const imap = await fakeImap({ mailboxes, ...(imapPort === undefined ? {} : { port: imapPort }) });
    return { smtp, imap, mailboxes, users, [Symbol.asyncDispose]: async () => await closed(smtp, imap) };
  } catch (error) {
    await smtp[Symbol.asyncDispose]();
    throw error;
  }
}

async function closed(smtp: FakeSmtp, imap: FakeImap): Promise<void> {
  await Promise.all([smtp[Symbol.asyncDispose](), imap[Symbol.asyncDispose]()]);
}

/** `127.0.0.1:2525` */
export const endpoint = ({ host, port }: { readonly host: string; readonly port: number }): string => `${host}:${port}`;
