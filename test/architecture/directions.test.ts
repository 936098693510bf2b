// The rules of the repository's form, shown by planted violations: each is linted with the real configuration.
import { describe, expect, it } from 'vitest';
import { lintPlanted } from './planted.ts';

type Case = readonly [path: string, source: string];

const rule = 'mailspool(import-directions)';

const refused: readonly Case[] = [
  ['src/message/planted.ts', "import { backoffMs } from '../time/backoff.ts'; backoffMs;"],
  ['src/message/planted.ts', "import { of } from 'rxjs'; of;"],
  ['src/time/planted.ts', "import type { Message } from '../message/message.ts'; export type M = Message;"],
  ['src/provider/planted.ts', "import { x } from '../store/message-store.ts'; x;"],
  ['src/provider/planted.ts', "import { x } from '../spooler/contract.ts'; x;"],
  ['src/store/memory/planted.ts', "import { x } from '../embedded/embedded-store.ts'; x;"],
  ['src/store/planted.ts', "import { x } from '../database/index.ts'; x;"],
  ['src/store/planted.ts', "import { TransportError } from '../provider/transport-error.ts'; TransportError;"],
  ['src/database/planted.ts', "import type { Message } from '../message/message.ts'; export type M = Message;"],
  ['src/reports/planted.ts', "import type { Claim } from '../store/message-store.ts'; export type C = Claim;"],
  ['src/spooler/planted.ts', "import { memoryStore } from '../store/memory/memory-store.ts'; memoryStore;"],
  ['src/spooler/planted.ts', "import { Container } from 'inversify'; Container;"],
  ['src/spooler/planted.ts', "import { x } from '../host/composition.ts'; x;"],
  ['src/spooler/planted.ts', "export { smtp } from 'mailspool/providers/smtp';"],
  ['src/spooler/outbound.ts', "import { x } from './inbound.ts'; x;"],
  ['src/spooler/inbound/planted.ts', "import { x } from '../outbound.ts'; x;"],
  ['src/spooler/routing.ts', "import { x } from './turns.ts'; x;"],
  ['src/spooler/settling.ts', "import { x } from './news.ts'; x;"],
  ['src/host/planted.ts', "import { smtp } from '../../providers/smtp/index.ts'; smtp;"],
  ['src/testing/planted.ts', "import { x } from '../spooler/outbound.ts'; x;"],
  ['src/planted.ts', "import { x } from '../test/planted.ts'; x;"],
  ['src/newroom/planted.ts', "import { x } from '../errors.ts'; x;"],
  ['providers/another/planted.ts', "import { smtp } from 'mailspool/providers/smtp'; smtp;"],
  ['providers/smtp/planted.ts', "import { MailspoolError } from '../../src/errors.ts'; MailspoolError;"],
  ['providers/smtp/planted.ts', "import { createSpooler } from 'mailspool'; createSpooler;"],
  ['providers/smtp/planted.ts', "import { imap } from 'mailspool/providers/imap'; imap;"],
  ['providers/smtp/planted.ts', "import { ImapFlow } from 'imapflow'; ImapFlow;"],
  ['providers/template/planted.ts', "export const later = () => import('nodemailer');"],
  ['docs/examples/planted.ts', "import { x } from '../../src/spooler/contract.ts'; x;"],
  ['test/bench/planted.ts', "import { x } from '../../src/spooler/spooler.ts'; x;"],
];

const permitted: readonly Case[] = [
  ['src/message/planted.ts', "import type { Instant } from '../time/clock.ts'; export type I = Instant;"],
  ['src/provider/planted.ts', "import type { Section } from '../store/message-store.ts'; export type S = Section;"],
  ['src/spooler/planted.ts', "import { x } from './outbound.ts'; x;"],
  ['src/spooler/routing.ts', "import type { Session } from './sessions.ts'; export type S = Session;"],
  ['src/store/embedded/planted.ts', "import { x } from '../../database/index.ts'; x;"],
  ['src/host/planted.ts', "export const smtp = () => import('mailspool/providers/smtp');"],
  ['providers/smtp/planted.ts', "import { TransportError } from 'mailspool/provider'; TransportError;"],
  ['docs/examples/planted.ts', "import { createSpooler } from 'mailspool'; createSpooler;"],
];

describe('import directions', () => {
  const reports = lintPlanted([...refused, ...permitted].map(([path, source]) => ({ path, source })));

  it.each(refused.map(([path, source], index) => ({ path, source, report: reports[index] })))('$path: $source is refused', ({ report }) => {
    expect(report).toContain(rule);
  });

  it.each(permitted.map(([path, source], index) => ({ path, source, report: reports[refused.length + index] })))(
    '$path: $source is permitted',
    ({ report }) => {
      expect(report).not.toContain(rule);
    },
  );

  it('what the package exports is named: a barrel is refused', () => {
    const reports = lintPlanted([{ path: 'src/planted.ts', source: "export * from './errors.ts';" }]);
    expect(reports[0]).toContain('mailspool(no-export-all)');
  });
});
