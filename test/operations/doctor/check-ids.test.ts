import { expect, test } from 'vitest';
import { CHECK_IDS, parseCheckIds } from '../../../src/operations/doctor/check-ids.ts';
import { CHECKS } from '../../../src/operations/doctor/checks/index.ts';

test('every id has its check, in the same order', () => {
  expect(CHECKS.map(({ id }) => id)).toEqual(CHECK_IDS);
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
  expect(parseCheckIds(['port', 'uv', 'port'])).toEqual({ ids: ['port', 'uv'] });
  expect(parseCheckIds([])).toEqual({ ids: [] });
});

test.each([
  ['orphan', 'orphans'],
  ['prot', 'port'],
  ['UV', 'uv'],
  ['disk', 'disk-space'],
  ['serch-server', 'search-server'],
  ['memry', 'model'],
])('the nearest id to %s is %s', (name, nearest) => {
  expect(parseCheckIds(['uv', name])).toEqual({ unknown: name, nearest });
});
