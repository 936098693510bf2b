// Property tests: one `it` each, the seed shown when it fails.
import fc, { type Arbitrary } from 'fast-check';
import { it } from 'vitest';

export { fc };

/** Runs `holds` for many values; a failure names the seed and the smallest value that shows it. */
export function test<Values extends [unknown, ...unknown[]]>(
  title: string,
  ...args: [...{ [index in keyof Values]: Arbitrary<Values[index]> }, (...values: Values) => void | Promise<void>]
): void {
  const holds = args.at(-1) as (...values: Values) => void | Promise<void>;
  const arbitraries = args.slice(0, -1) as unknown as { [index in keyof Values]: Arbitrary<Values[index]> };
  it(title, async () => {
    await fc.assert(
      fc.asyncProperty(...arbitraries, async (...values) => await holds(...values)),
      { numRuns: 200 },
    );
  });
}
