// The suite lets a right provider pass, and catches each wrong one at the case that it was built for.
import { describe, expect, it } from 'vitest';
import { checkTransportProvider, describeTransportProvider } from 'mailspool/testing';
import { caughtBy, reasons, unproven } from './caught.ts';
import { modelCapabilities, modelFactory } from './model-provider.ts';
import { wrongProviders } from './wrong-providers.ts';

const report = describeTransportProvider(modelFactory(), modelCapabilities, { name: 'the model', runner: { describe, it } });

describe('a provider that', () => {
  for (const [name, { caughtBy: expected, ...wrong }] of Object.entries(wrongProviders)) {
    it(`${name}: fails ${expected.join(', ')}, and nothing else`, async () => {
      const report = await checkTransportProvider(modelFactory(wrong), modelCapabilities, { name, patienceMs: 60 });
      expect(caughtBy(report, expected), reasons(report)).toEqual([...expected].sort());
    });
  }
});

it('there is no case that no wrong provider fails', () => {
  expect(unproven(report, Object.values(wrongProviders))).toEqual([]);
});

it('the model shows every case', () => {
  expect(report.cases.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
});
