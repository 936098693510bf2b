// The mailslot provider keeps what every transport provider promises, with slots of this computer and with datagrams.
import { describe, it } from 'vitest';
import { describeTransportProvider } from 'mailspool/testing';
import { datagramCapabilities, mailslotCapabilities, mailslotUnderTest } from './under-test.ts';

describeTransportProvider(mailslotUnderTest(), mailslotCapabilities, { name: 'mailslot', runner: { describe, it } });
describeTransportProvider(mailslotUnderTest({ datagrams: true }), datagramCapabilities, { name: 'mailslot, datagrams', runner: { describe, it } });
