import { expect, test } from 'vitest';
import { addPoint, joinPoints, sumKnown, type Point } from '../../src/page/points.ts';

const point = (at: number): Point => ({ at, processes: 3, memoryBytes: 1, leaks: 0, leakedBytes: 0, cpuPercent: 1 });

test('a shared reading is added once, and an older one is not added', () => {
  const points = [point(10), point(15)];
  expect(addPoint(points, point(15))).toBe(points);
  expect(addPoint(points, point(12))).toBe(points);
  expect(addPoint(points, point(20)).map(({ at }) => at)).toEqual([10, 15, 20]);
});

test('the oldest points are dropped beyond the limit', () => {
  let points: readonly Point[] = Array.from({ length: 10_000 }, (_, at) => point(at));
  points = addPoint(points, point(10_000));
  expect([points.length, points[0]?.at]).toEqual([10_000, 1]);
});

test('a line has a gap where readings are missing', () => {
  const points = joinPoints([], [point(0), point(5), point(100), point(105)], 0);
  expect(points.map(({ at, processes }) => [at, processes])).toEqual([
    [0, 3],
    [5, 3],
    [6, null],
    [100, 3],
    [105, 3],
  ]);
});

test('a sum skips unknown values and is unknown if all values are', () => {
  expect([sumKnown([1, null, 2]), sumKnown([null]), sumKnown([])]).toEqual([3, null, null]);
});

test('samples end where the readings of the page begin, and both are limited to the range', () => {
  const history = [point(10), point(50), point(90), point(101)];
  expect(joinPoints(history, [point(100), point(105)], 40).map(({ at }) => at)).toEqual([50, 90, 100, 105]);
  expect(joinPoints(history, [], 0)).toEqual(history);
});

test('the CPU use of the first reading is that of the sample just before', () => {
  const live = [{ ...point(100), cpuPercent: null }, point(105)];
  const cpu = (sampledAt: number) =>
    joinPoints([{ ...point(sampledAt), cpuPercent: 7 }], live, 0).map((one) => one.cpuPercent);
  expect([cpu(97), cpu(70)]).toEqual([
    [7, 7, 1],
    [7, null, 1],
  ]);
});
