import { expect, test } from 'vitest';
import { aHome, expectGone, orphans } from './scene.ts';

test('reap ends a thousand orphans in one pass', async () => {
  const { json, dataDir } = aHome();
  const left = await orphans(dataDir, { count: 500 });
  expect((await json(['leaks'])).report.summary.orphans).toBe(1_000);
  const { status, report } = await json(['reap', '--yes', '--grace', '1m']);
  expect([status, report.remaining]).toEqual([0, []]);
  expect(report.outcomes.map(({ pid }) => pid).sort()).toEqual([...left.pids].sort());
  expect(report.outcomes.filter(({ outcome }) => outcome !== 'exited')).toEqual([]);
  await expectGone(left);
});
