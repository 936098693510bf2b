// Two accounts on mail servers in this process: nothing leaves the machine, and what is sent to the other account arrives.
import type { AccountOptions } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';
import { fakeImap, fakeMailboxes, fakeSmtp } from 'mailspool/testing';
import type { Profile } from './profile.ts';

const people = { home: 'ann@home.example', work: 'ann@work.example' };

export async function startSandbox(): Promise<Profile> {
  const mailboxes = fakeMailboxes({ users: Object.fromEntries(Object.values(people).map((user) => [user, 'secret'])) });
  const [smtpServer, imapServer] = [await fakeSmtp({ mailboxes }), await fakeImap({ mailboxes })];
  mailboxes.deliver(people.home, 'INBOX', welcome);
  const account = ([name, user]: [string, string]): AccountOptions => ({
    name,
    identities: [user],
    credentials: { get: async () => ({ user, pass: 'secret' }) },
    providers: [
      smtp({ host: smtpServer.host, port: smtpServer.port }),
      imap({ host: imapServer.host, port: imapServer.port, secure: false, begin: 'all' }),
    ],
  });
  return {
    about: `A sandbox: ${people.home} and ${people.work}, on servers in this process.`,
    options: { accounts: Object.entries(people).map(account) },
    close: async () => {
      await smtpServer.close();
      await imapServer.close();
    },
  };
}

const welcome = `From: Postmaster <postmaster@home.example>
To: ${people.home}
Subject: Welcome
Message-ID: <welcome@home.example>
Disposition-Notification-To: postmaster@home.example

Type help. A first thing to try: send ${people.work}
`.replaceAll('\n', '\r\n');
