// Where fakeImap answers otherwise than Dovecot on purpose. The scripts have Dovecot's answers; a difference that is no
// longer one fails its test. docs/reference/testing.md says the same to users.

export interface Difference {
  /** The script, and the commands in it. */
  readonly script: string;
  readonly at: RegExp;
  /** Turns Dovecot's answer to such a command into the fake's. */
  readonly fake: (answer: readonly string[]) => readonly string[];
  readonly reason: string;
}

/** What the fake says besides, wherever it does. */
export interface Extra {
  readonly line: RegExp;
  /** Only in answers to these commands. */
  readonly at: RegExp;
  readonly reason: string;
}

const completion =
  (said: string) =>
  (answer: readonly string[]): readonly string[] => [...answer.slice(0, -1), said];

const missingMailbox = 'a refusal says why (RFC 5530), so that a test can tell';

export const differences: readonly Difference[] = [
  { script: 'mailboxes', at: /^(STATUS|SELECT) Nowhere/, fake: completion('NO [NONEXISTENT]'), reason: missingMailbox },
  { script: 'select', at: /^SELECT Nowhere/, fake: completion('NO [NONEXISTENT]'), reason: missingMailbox },
  { script: 'subscriptions', at: /^SUBSCRIBE Nowhere/, fake: completion('NO [NONEXISTENT]'), reason: missingMailbox },
  { script: 'mailboxes', at: /^DELETE INBOX/, fake: completion('NO [CANNOT]'), reason: missingMailbox },
  {
    script: 'logon',
    at: /^LOGIN \$user \$password/,
    fake: (answer) => answer.filter((line) => line !== '* CAPABILITY'),
    reason: 'the capabilities are in the code of the completion; Dovecot has another place for them after a refused logon',
  },
  {
    script: 'logon',
    at: /^AUTHENTICATE NONSENSE/,
    fake: completion('NO'),
    reason: 'nothing that a person must see at once (RFC 9051 section 7.1, ALERT)',
  },
  {
    script: 'logon',
    at: /^ENABLE X-UNKNOWN/,
    fake: (answer) => ['* ENABLED', ...answer],
    reason: 'RFC 5161 section 3.2 wants the list even if it is empty',
  },
  {
    script: 'mailboxes',
    at: /^LIST "" Above/,
    fake: (answer) => answer.map((line) => line.replace(' \\Noselect', '')),
    reason: 'what is created above a name is a mailbox like any other, as on most servers; one of Dovecot is a directory only',
  },
  { script: 'mailboxes', at: /^RENAME INBOX/, fake: completion('OK'), reason: 'RFC 9051 section 6.3.6: INBOX gives its messages away and stays' },
  {
    script: 'sections',
    at: /^FETCH (1 BODY\[(1\.1|2|1\.HEADER|0)\]|2 BODY\[(9|1\.9)\])/,
    fake: (answer) => answer.map((line) => line.replace(/ ""\)$/, ' NIL)')),
    reason: 'what is not there is NIL, not empty, so that a test can tell',
  },
  {
    script: 'select',
    at: /^(STORE 1 \+FLAGS \(|EXPUNGE)/,
    fake: completion('NO [READ-ONLY]'),
    reason: 'what cannot be done is refused; Dovecot says OK and does nothing',
  },
  {
    script: 'unsolicited',
    at: /^STATUS INBOX/,
    fake: completion('OK'),
    reason: 'no opinion on clients that ask for the STATUS of what they have open',
  },
  {
    script: 'unsolicited',
    at: /^FETCH 4 UID/,
    fake: (answer) => answer.filter((line) => !line.includes('\\Deleted')),
    reason: 'what another client expunged is gone at once, and nothing more is told of it but that (RFC 2180 section 4.1.2)',
  },
  {
    script: 'unsolicited',
    at: /^SEARCH ALL/,
    fake: (answer) => answer.map((line) => line.replace('1 2 3 4', '2 4')),
    reason: 'as before (RFC 2180 section 4.3)',
  },
  {
    script: 'odd-messages',
    at: /^FETCH 1 ENVELOPE/,
    fake: (answer) => answer.map((line) => line.replace('"MISSING_DOMAIN"', '""')),
    reason: 'an address without a domain has none; Dovecot has a word for that',
  },
  {
    script: 'odd-messages',
    at: /^FETCH 4 BODYSTRUCTURE/,
    fake: (answer) => answer.map((line) => line.replace('"text" ""', '"text" "plain"')),
    reason: 'a Content-Type without a subtype is none, and then it is text/plain (RFC 2045 section 5.2)',
  },
  {
    script: 'odd-messages',
    at: /^FETCH 5 BODY/,
    fake: (answer) =>
      answer.map((line) =>
        line
          .replace(
            '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "never") NIL NIL NIL)',
            '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 19 1 NIL NIL NIL NIL)',
          )
          .replace('BODY[1] ""', 'BODY[1] "There is nothing.\\r\\n"'),
      ),
    reason: 'a multipart without parts is shown as the text that it is; Dovecot shows an empty part',
  },
];

export const extras: readonly Extra[] = [
  {
    line: /^\* OK \[HIGHESTMODSEQ #\]$/,
    at: /^(SELECT|EXAMINE) /,
    reason: 'RFC 7162 section 3.1.2.1 demands it of every SELECT; Dovecot says it once somebody has asked for modifications',
  },
];
