// The template keeps what every transport provider promises. Copy this folder with it.
import { describe, it } from 'vitest';
import { describeTransportProvider } from 'mailspool/testing';
import { templateCapabilities, templateUnderTest } from '../../../providers/template/under-test.ts';

describeTransportProvider(templateUnderTest, templateCapabilities, { name: 'template', runner: { describe, it } });
