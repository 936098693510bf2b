// A session of the SMTP provider against a port of this machine.
import { smtp, type SmtpOptions } from 'mailspool/providers/smtp';
import type { OutboundMessage, SubmitResult, TransportSession } from 'mailspool/provider';
import { logonOptions, testSupport, type TestSupport } from '../../../src/testing/provider-suite/support.ts';

export interface LoggedOn extends AsyncDisposable {
  readonly support: TestSupport;
  readonly session: TransportSession;
  submit(message: OutboundMessage, signal?: AbortSignal): Promise<SubmitResult>;
}

export async function loggedOn({ port }: { readonly port: number }, options: SmtpOptions = {}, support = testSupport()): Promise<LoggedOn> {
  const session = await smtp({ host: '127.0.0.1', port, ...options }).logon(support, logonOptions());
  return {
    support,
    session,
    submit: async (message, signal = new AbortController().signal) => {
      if (!session.submitMessage) throw new Error('the session does not send');
      return session.submitMessage(message, signal);
    },
    [Symbol.asyncDispose]: async () => session.logoff?.(),
  };
}
