// The pages that are rendered from the sources. After a change there: npx vitest run --project docs -u
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsPage } from './errors-page.ts';
import { statesPage } from './states-page.ts';

const page = (name: string) => resolve(import.meta.dirname, '../../docs/reference', name);

describe('the reference', () => {
  it('the page of the states says exactly what the state table says', async () => {
    await expect(statesPage()).toMatchFileSnapshot(page('states.md'));
  });

  it('the page of the error codes says exactly what the catalogue says', async () => {
    await expect(errorsPage()).toMatchFileSnapshot(page('errors.md'));
  });
});
