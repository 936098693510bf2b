// The IMAP provider keeps what every transport provider promises, against the fake server.
import { describe, it } from 'vitest';
import { describeTransportProvider } from 'mailspool/testing';
import { imapCapabilities, imapUnderTest, polledImapCapabilities } from './under-test.ts';

describeTransportProvider(imapUnderTest(), imapCapabilities, { name: 'imap', runner: { describe, it } });
describeTransportProvider(imapUnderTest({ reception: 'poll' }), polledImapCapabilities, { name: 'imap, polled', runner: { describe, it } });
