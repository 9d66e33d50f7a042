import { expect, test } from 'vitest';
import { parseCheckIds } from '../../../src/operations/doctor/check-ids.ts';
import { CHECKS } from '../../../src/operations/doctor/checks/index.ts';
import { repairable } from '../../../src/operations/doctor/repair.ts';

const CHECK_IDS = CHECKS.map(({ id }) => id);

test('the ids of the checks and their order are API', () => {
  expect(CHECK_IDS).toEqual([
    'node',
    'settings',
    'data-dir',
    'disk-space',
    'network-file-system',
    'uv',
    'python',
    'packages',
    'model',
    'process-table',
    'manifests',
    'stale-entries',
    'supervisor',
    'worker',
    'search-server',
    'chroma',
    'version',
    'port',
    'orphans',
    'excess',
    'process-counts',
    'tree-memory',
    'zombies',
    'vector-writers',
    'other-installations',
    'pm2',
    'guard',
    'hooks',
    'guards',
    'limits',
    'machine-memory',
    'logs',
  ]);
});

test('every check has an id of its own, made of lower-case words', () => {
  expect(new Set(CHECK_IDS).size).toBe(CHECK_IDS.length);
  for (const id of CHECK_IDS) expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
});

test('a check needs only checks that exist, and every repair belongs to one', () => {
  for (const { needs = [] } of CHECKS) for (const need of needs) expect(CHECK_IDS).toContain(need);
  expect(
    repairable(CHECK_IDS.map((id) => ({ id, title: '', status: 'fail', why: '', detail: '', fix: null }))),
  ).toEqual([...['data-dir', 'manifests', 'stale-entries']]);
});

test('the needs of checks have no cycle', () => {
  const needsOf = (id: string): readonly string[] => CHECKS.find((check) => check.id === id)?.needs ?? [];
  const below = (id: string, path: readonly string[]): readonly string[] => {
    expect(path, path.join(' → ')).not.toContain(id);
    return needsOf(id).flatMap((need) => below(need, [...path, id]));
  };
  for (const id of CHECK_IDS) below(id, []);
});

test('duplicate names count once', () => {
  expect(parseCheckIds(['port', 'uv', 'port'], CHECK_IDS)).toEqual({ ids: ['port', 'uv'] });
  expect(parseCheckIds([], CHECK_IDS)).toEqual({ ids: [] });
});

test.each([
  ['orphan', 'orphans'],
  ['prot', 'port'],
  ['UV', 'uv'],
  ['disk', 'disk-space'],
  ['serch-server', 'search-server'],
  ['memry', 'model'],
])('the nearest id to %s is %s', (name, nearest) => {
  expect(parseCheckIds(['uv', name], CHECK_IDS)).toEqual({ unknown: name, nearest });
});
