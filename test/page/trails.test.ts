import { expect, test } from 'vitest';
import { pointsOf } from '../../src/page/spark-points.ts';
import { groupKey, Trails } from '../../src/page/trails.ts';
import type { PageGroup, PageProcess } from '../../src/worker/page/page-state.ts';
import { aPageProcess, secondsAt } from './a-page-process.ts';

const reading = (seconds: number, ...processes: readonly PageProcess[]) => ({
  ...{ takenAt: secondsAt(seconds), processes, findings: [], groups: [] },
});
const KEY = aPageProcess().key;
const group = (owner: PageGroup['owner'], sessionId: number | null, pids: readonly number[]) =>
  ({ verdict: 'orphan', owner, sessionId, pids }) as PageGroup;

test('a trail has the memory of the last ten minutes, and each reading once', () => {
  const trails = new Trails();
  for (const at of [100, 105, 105, 704]) trails.add(reading(at, aPageProcess({ bytes: at })));
  expect(trails.of(KEY).map(({ at, bytes }) => [at, bytes])).toEqual([
    [105, 105],
    [704, 704],
  ]);
});

test('a process that is gone is forgotten, and a reused pid has a trail of its own', () => {
  const trails = new Trails();
  trails.add(reading(100, aPageProcess()));
  trails.add(reading(105, aPageProcess({ startedAt: secondsAt(101) })));
  expect(trails.of(KEY)).toEqual([]);
  expect(trails.of(`10 ${secondsAt(101)}`)).toHaveLength(1);
});

test('samples precede the readings of a process that is alone in its role, from its start on', () => {
  const trails = new Trails();
  const worker = aPageProcess({ startedAt: secondsAt(50) });
  const pair = [11, 12].map((pid) => aPageProcess({ pid, role: 'chroma-sync' }));
  const state = reading(100, worker, ...pair);
  trails.add(state);
  const sampled = [
    [45, 1],
    [60, 2],
    [95, 3],
    [100, 4],
  ] as const;
  trails.precede({ recentMemory: { worker: sampled, 'chroma-sync': sampled } }, state);
  expect(trails.of(worker.key).map(({ bytes }) => bytes)).toEqual([2, 3, 100]);
  expect(trails.of(pair[0]!.key)).toHaveLength(1);
});

test('a group keeps its trail while its owner or session is the same', () => {
  const owner = { pid: 7, role: null, treeId: 't', presence: 'gone', goneSince: null } as const;
  expect(groupKey(group(owner, null, [1, 2]))).toBe(groupKey(group(owner, null, [1, 2, 3])));
  expect(groupKey(group(null, 5, [1]))).toBe(groupKey(group(null, 5, [2])));
  expect(groupKey(group(null, null, [1]))).not.toBe(groupKey(group(null, null, [2])));
});

test('a sparkline ends at the right edge, and noise is nearly flat', () => {
  const trail = (...bytes: readonly number[]) => bytes.map((value, position) => ({ at: position * 60, bytes: value }));
  expect(pointsOf(trail(0, 50, 100))).toBe('80,22 90,12 100,2');
  expect(pointsOf(trail(1_000, 1_001))).toBe('90,2.2 100,2');
  expect(pointsOf(trail(5))).toBe('98,12 100,12');
  expect(pointsOf([])).toBe('');
});
