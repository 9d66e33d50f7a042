import { expect, test } from 'vitest';
import { BYTES_PER_MB, overLimit } from '../../../src/core/health/chroma-limits.ts';

const LIMITS = { memoryBytes: 100 * BYTES_PER_MB, cpuPercent: 50 };

const readings = (memoryMb: readonly (number | null)[], cpuPercent: number | null = 0) =>
  memoryMb.map((mb, index) => ({
    atMs: index * 5_000,
    memoryBytes: mb === null ? null : mb * BYTES_PER_MB,
    cpuPercent,
  }));

test.each([
  [[90, 99], false],
  [[100, 100], false],
  [[150], false],
  [[150, 90], false],
  [[90, 150], false],
  [[101, 150], true],
  [[90, null], false],
] as const)('memory %o: over the limit is %s', (memory, isOver) => {
  const reason = overLimit(readings(memory), LIMITS);
  expect(reason).toBe(isOver ? 'Chroma used 150 MB, over its limit of 100 MB' : undefined);
});

test('the CPU limit applies to the average of a whole minute', () => {
  const steady = (count: number, percent: number) => readings(Array<number>(count).fill(0), percent);
  expect(overLimit(steady(12, 90), LIMITS)).toBe(undefined);
  expect(overLimit(steady(13, 90), LIMITS)).toBe('Chroma used 90 % of a core for a minute, over its limit of 50 %');
  expect(overLimit(steady(40, 50), LIMITS)).toBe(undefined);
  // A minute with half of it in a burst.
  const burst = steady(13, 90).map((reading, index) => ({ ...reading, cpuPercent: index < 8 ? 0 : 90 }));
  expect(overLimit(burst, LIMITS)).toBe(undefined);
});

test('a limit of 0 is no limit', () => {
  expect(overLimit(readings(Array<number>(20).fill(9_999), 800), { memoryBytes: 0, cpuPercent: 0 })).toBe(undefined);
});

test('a megabyte of a limit has 1,048,576 bytes', () => {
  expect(BYTES_PER_MB).toBe(1_048_576);
});
