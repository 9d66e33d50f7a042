import { expect, test } from 'vitest';
import { ROLES, TREE_ROLES } from '../../../src/core/tree/manifest.ts';

test('the roles are API', () => {
  expect(TREE_ROLES).toEqual(['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup']);
  expect(ROLES).toEqual([...TREE_ROLES, 'observer']);
});
