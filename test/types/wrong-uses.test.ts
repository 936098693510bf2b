// Wrong uses of the contracts that the compiler must refuse, so that a mistake shows before the program runs.
import { describe, expect, it } from 'vitest';
import { typeCheck } from './type-check.ts';

const provider = (session: string) => `import type { TransportProvider } from 'mailspool/provider';
export const wrong: TransportProvider = { name: 'wrong', logon: async () => (${session}) };`;

const submit = (call: string) => `import type { Spooler } from 'mailspool';
export const wrong = async (spooler: Spooler): Promise<unknown> => { ${call}; return undefined; };`;

const script = (fake: 'fakeSmtp' | 'fakePop3' | 'fakeImap', fault: string) => `import { ${fake} } from 'mailspool/testing';
(await ${fake}()).script(${fault});`;

const wrong: Record<string, string> = {
  'a session without address types': provider('{}'),
  'a submitMessage that returns nothing': provider("{ addressTypes: ['X'], submitMessage: async () => {} }"),
  'a rejection without its diagnostic': provider("{ addressTypes: ['X'], submitMessage: async () => ({ outcome: 'rejected' }) }"),
  'notMine for all recipients at once': provider("{ addressTypes: ['X'], submitMessage: async () => ({ outcome: 'notMine' }) }"),
  'an outcome that does not exist': provider("{ addressTypes: ['X'], submitMessage: async () => ({ outcome: 'failed' }) }"),
  'an outcome for a recipient that is not named': provider("{ addressTypes: ['X'], submitMessage: async () => [{ outcome: 'accepted' }] }"),
  'an endMessage with an answer that does not exist': provider("{ addressTypes: ['X'], endMessage: async () => 'maybe' }"),
  'a poll that does not say whether there is mail': provider("{ addressTypes: ['X'], poll: async () => {} }"),
  'a provider without a name':
    "import type { TransportProvider } from 'mailspool/provider';\nexport const wrong: TransportProvider = { logon: async () => ({ addressTypes: null }) };",
  'a recipient that is changed in place': `import type { OutboundMessage } from 'mailspool/provider';
export const wrong = (message: OutboundMessage): void => { message.recipients.push(...message.recipients); };`,
  'a transport error with the outcome accepted':
    "import { TransportError } from 'mailspool/provider';\nthrow new TransportError('EMESSAGE', 'x', { outcome: 'accepted' });",
  'a string in the place of an entry id': submit("await spooler.settled('one')"),
  'a cursor in the place of an entry id': `import type { Cursor, Spooler } from 'mailspool';
export const wrong = (spooler: Spooler, cursor: Cursor): Promise<unknown> => spooler.get(cursor);`,
  'a guarantee that does not exist': submit("await spooler.submit({ to: 'a@b' }, { guarantee: 'exactlyOnce' })"),
  'an address without its type': submit("await spooler.submit({ recipients: [{ address: 'a@b' }] })"),
  'a state that does not exist': submit("await spooler.retry({ states: ['bounced'] })"),
  'a cancel whose answer is taken for granted': `import type { EntryId, Spooler } from 'mailspool';
export const wrong = async (spooler: Spooler, id: EntryId): Promise<number> => (await spooler.cancel(id)).tooLate.length;`,
  'a fault at a step that SMTP has not': script('fakeSmtp', "{ at: 'RETR', do: 'drop' }"),
  'a fault at a step that POP3 has not': script('fakePop3', "{ at: 'dot', do: 'drop' }"),
  'a fault at a step that IMAP has not': script('fakeImap', "{ at: 'UID APPEND', do: 'drop' }"),
  'a fault that does what nobody can': script('fakeSmtp', "{ at: 'dot', do: 'explode' }"),
  'an SMTP reply on a POP3 server': script('fakePop3', "{ at: 'RETR', do: { code: 451 } }"),
  'a POP3 reply on an IMAP server': script('fakeImap', "{ at: 'NOOP', do: { err: 'Later' } }"),
  'a rate without its time': script('fakeSmtp', "{ at: 'MAIL', beyond: { count: 3 }, do: 'drop' }"),
  'a fault without a step': script('fakeSmtp', "{ do: 'drop' }"),
  'a fault that does nothing': script('fakeSmtp', "{ at: 'MAIL' }"),
  'pushing news into an observable': submit('spooler.newMail$.next(undefined)'),
  'a spooler without a store': "import { createSpooler } from 'mailspool';\nawait createSpooler({ providers: [] });",
  'an error code that does not exist': "import { MailspoolError } from 'mailspool/provider';\nthrow new MailspoolError('EOOPS', 'x');",
  'a constant of the wrong kind bound to a token': `import { ContainerModule, tokens } from 'mailspool';
export const wrong = new ContainerModule(({ bind }) => void bind(tokens.provider).toConstantValue({ name: 'no logon' }));`,
};

describe('wrong uses', () => {
  const problems = typeCheck(Object.values(wrong));

  it.each(Object.keys(wrong).map((use, index) => ({ use, index })))('$use is refused by the compiler', ({ index }) => {
    const found = problems[index] ?? [];
    expect(found.length).toBeGreaterThan(0);
    expect(
      found.filter((line) => /TS(2307|2305|2614)\b/.test(line)),
      'the program must fail for its own mistake',
    ).toEqual([]);
  });
});
