// What the suite shows of each provider, as a page. After a change: npx vitest run --project providers test/providers/matrix.test.ts -u
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkTransportProvider, conformanceMatrix } from 'mailspool/testing';
import { imapCapabilities, imapUnderTest, polledImapCapabilities } from './imap/under-test.ts';
import { loopbackCapabilities, loopbackUnderTest } from './loopback/under-test.ts';
import { datagramCapabilities, mailslotCapabilities, mailslotUnderTest } from './mailslot/under-test.ts';
import { smtpCapabilities, smtpUnderTest } from './smtp/under-test.ts';
import { templateCapabilities, templateUnderTest } from '../../providers/template/under-test.ts';

test('the page of the providers says what the suite shows of them, what it does not show, and why', async () => {
  const reports = [
    await checkTransportProvider(smtpUnderTest, smtpCapabilities, { name: 'smtp' }),
    await checkTransportProvider(imapUnderTest(), imapCapabilities, { name: 'imap' }),
    await checkTransportProvider(imapUnderTest({ reception: 'poll' }), polledImapCapabilities, { name: 'imap, polled' }),
    await checkTransportProvider(loopbackUnderTest, loopbackCapabilities, { name: 'loopback' }),
    await checkTransportProvider(mailslotUnderTest(), mailslotCapabilities, { name: 'mailslot' }),
    await checkTransportProvider(mailslotUnderTest({ datagrams: true }), datagramCapabilities, { name: 'mailslot, datagrams' }),
    await checkTransportProvider(templateUnderTest, templateCapabilities, { name: 'template' }),
  ];
  expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
  await expect(page(conformanceMatrix(reports))).toMatchFileSnapshot(resolve(import.meta.dirname, '../../docs/reference/provider-matrix.md'));
});

const page = (matrix: string): string => `# What the providers show

Rendered by the conformance suite (\`describeTransportProvider\` of [mailspool/testing](testing.md)): for each behaviour that
[the contract](behaviours) asks of a provider, what was shown of the providers of this package, and why something was not.

${matrix}`;
