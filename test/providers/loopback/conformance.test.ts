// The loopback provider keeps what every transport provider promises.
import { describe, it } from 'vitest';
import { describeTransportProvider } from 'mailspool/testing';
import { loopbackCapabilities, loopbackUnderTest } from './under-test.ts';

describeTransportProvider(loopbackUnderTest, loopbackCapabilities, { name: 'loopback', runner: { describe, it } });
