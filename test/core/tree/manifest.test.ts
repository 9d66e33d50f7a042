import { expect, test } from 'vitest';
import { ROLES } from '../../../src/core/tree/manifest.ts';

test('the roles are API', () => {
  expect(ROLES).toEqual(['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup']);
});
