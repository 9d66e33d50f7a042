import { expect, test } from 'vitest';
import { parseOwnerMark } from '../../../src/core/process/identity.ts';
import { isChromaRole, TREE_ROLES } from '../../../src/core/tree/manifest.ts';
import { markedEnvironment, marksFor } from '../../../src/core/tree/marks.ts';
import { BOOT, DATA_DIR, NAMESPACE } from '../builders.ts';

const scope = { bootId: BOOT, pidNamespace: NAMESPACE };
const input = { treeId: 't1', role: 'worker', dataDir: DATA_DIR } as const;

test('marks name tree, role, data dir, and an owner that parseOwnerMark reads back', () => {
  const made = marksFor({ ...input, owner: { pid: 300, startTicks: 3_000, scope } });
  expect(made).toEqual({
    CLAUDE_MEM_TREE: 't1',
    CLAUDE_MEM_ROLE: 'worker',
    CLAUDE_MEM_DATA_DIR: DATA_DIR,
    CLAUDE_MEM_OWNER: `300:3000:${BOOT}:${NAMESPACE}`,
  });
  expect(parseOwnerMark(made.CLAUDE_MEM_OWNER)).toEqual({ pid: 300, startTicks: 3_000, scope });
});

test.each([
  ['a root', undefined],
  ['an owner whose start has no ticks', { pid: 300, scope }],
])('marks of %s remove an inherited owner mark', (_who, owner) => {
  const made = marksFor({ ...input, ...(owner === undefined ? {} : { owner }) });
  expect(markedEnvironment({ CLAUDE_MEM_OWNER: '70:700::' }, made).CLAUDE_MEM_OWNER).toBeUndefined();
  expect(made).toHaveProperty('CLAUDE_MEM_OWNER');
});

test('marks come first in an environment and replace inherited marks', () => {
  const made = markedEnvironment({ PATH: '/bin', CLAUDE_MEM_TREE: 't0', LAST: 'x' }, { CLAUDE_MEM_TREE: 't1' });
  expect(Object.entries(made)).toEqual([
    ['CLAUDE_MEM_TREE', 't1'],
    ['PATH', '/bin'],
    ['LAST', 'x'],
  ]);
});

test('the chroma roles are chroma-sync and chroma-search', () => {
  expect(TREE_ROLES.filter(isChromaRole)).toEqual(['chroma-sync', 'chroma-search']);
});
