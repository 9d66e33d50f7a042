import { expect, test } from 'vitest';
import { currentCpu, formatPercent, totalCpu } from '../../src/page/current-cpu.ts';
import type { PageProcess } from '../../src/worker/page/page-state.ts';
import { aPageProcess, secondsAt } from './a-page-process.ts';

const reading = (seconds: number, ...processes: readonly PageProcess[]) => ({ takenAt: secondsAt(seconds), processes });
const uses = (earlier: Parameters<typeof currentCpu>[0], later: Parameters<typeof currentCpu>[1]) => [
  ...currentCpu(earlier, later).values(),
];

test('current CPU is the CPU time used between two readings', () => {
  const before = reading(100, aPageProcess({ cpuSeconds: 50 }));
  expect(uses(before, reading(105, aPageProcess({ cpuSeconds: 51 })))).toEqual([20]);
});

test('a process that started between the readings has used all its CPU time since then', () => {
  const young = aPageProcess({ pid: 11, startedAt: secondsAt(101), cpuSeconds: 2 });
  expect(uses(reading(100), reading(105, young))).toEqual([40]);
});

test('a reused pid is another process, and an older process that appears has no current CPU', () => {
  const before = reading(100, aPageProcess({ cpuSeconds: 50 }));
  expect(uses(before, reading(105, aPageProcess({ startedAt: secondsAt(101), cpuSeconds: 1 })))).toEqual([20]);
  expect(uses(reading(100), reading(105, aPageProcess({ cpuSeconds: 50 })))).toEqual([null]);
});

test('current CPU is unknown in the first reading, after a pause, after a clock step and without CPU times', () => {
  const one = aPageProcess({ cpuSeconds: 1 });
  expect(uses(undefined, reading(100, one))).toEqual([null]);
  expect(uses(reading(100, one), reading(121, one))).toEqual([null]);
  expect(uses(reading(100, one), reading(90, one))).toEqual([null]);
  expect(uses(reading(100, one), reading(105, aPageProcess({ cpuSeconds: null })))).toEqual([null]);
});

test('the total skips unknown uses and is unknown if all are', () => {
  expect(
    totalCpu(
      new Map<string, number | null>([
        ['a', 1],
        ['b', null],
        ['c', 2],
      ]),
    ),
  ).toBe(3);
  expect(totalCpu(new Map([['a', null]]))).toBeNull();
  expect([formatPercent(1.26), formatPercent(null)]).toEqual(['1.3 %', '–']);
});

test('a process stays the same if its start by the clock differs by milliseconds between readings', () => {
  const at = (ms: number) => ({ key: '10:7', startedAt: new Date(ms).toISOString() });
  const earlier = aPageProcess({ ...at(0), cpuSeconds: 1 });
  const later = aPageProcess({ ...at(4), cpuSeconds: 2 });
  expect(uses(reading(100, earlier), reading(105, later))).toEqual([20]);
});
