import { defineConfig } from 'vitest/config';

const conditions = ['mailspool-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // All processors: vitest would leave one of two idle.
    maxWorkers: '100%',
    reporters: ['default', './test/reporters/count-reporter.ts'],
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'providers/**/*.ts'], reporter: ['text-summary', 'json-summary'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          provide: { store: 'memory' },
          testTimeout: 60_000,
          globalSetup: ['test/built.ts'],
        },
      },
      // The engine's tests again, on the embedded store.
      {
        extends: true,
        test: {
          name: 'unit-embedded',
          include: ['test/unit/spooler/**/*.test.ts'],
          provide: { store: 'embedded' },
          testTimeout: 60_000,
          globalSetup: ['test/built.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'contract', include: ['test/{contract,conformance}/**/*.test.ts'], testTimeout: 60_000, globalSetup: ['test/built.ts'] },
      },
      { extends: true, test: { name: 'types', include: ['test/types/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'docs', include: ['test/docs/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 60_000, pool: 'forks' } },
      {
        extends: true,
        test: { name: 'providers', include: ['test/providers/**/*.test.ts'], testTimeout: 60_000, globalSetup: ['test/built.ts'], pool: 'forks' },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/built.ts'],
          // Real servers and terminals beside everything else: a test that fails is repeated once, and the closing lines say so.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
    ],
  },
});
