import { expect, test } from 'vitest';
import { BYTES_PER_MB, formatMegabytes, overLimit } from '../../../src/core/health/chroma-limits.ts';
import { formatBytes } from '../../../src/core/text/wording.ts';

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

test('a megabyte of a limit is the one of all other sizes: a limit of 2048 appears as 2048 MB, and as 2.0 GB elsewhere', () => {
  const limit = 2048 * BYTES_PER_MB;
  expect([formatMegabytes(limit), formatBytes(limit), formatBytes(512 * BYTES_PER_MB)]).toEqual([
    '2048 MB',
    '2.0 GB',
    '512 MB',
  ]);
  expect(overLimit(readings([3_000, 3_000]), { memoryBytes: limit, cpuPercent: 0 })).toBe(
    'Chroma used 3000 MB, over its limit of 2048 MB',
  );
});
