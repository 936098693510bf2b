// The SMTP provider keeps what every transport provider promises, against the fake server.
import { describe, it } from 'vitest';
import { describeTransportProvider } from 'mailspool/testing';
import { smtpCapabilities, smtpUnderTest } from './under-test.ts';

describeTransportProvider(smtpUnderTest, smtpCapabilities, { name: 'smtp', runner: { describe, it } });
