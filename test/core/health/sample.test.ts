import { describe, expect, test } from 'vitest';
import { condense, totalUse } from '../../../src/core/health/sample.ts';
import { dateSamples, gapsBetween } from '../../../src/core/health/sample-time.ts';
import { aSample } from '../a-sample.ts';

const HOUR = 3_600_000;

describe('condense', () => {
  test('keeps the peaks of counts and memory, the mean of CPU, and the total period', () => {
    const condensed = condense([
      aSample({ uptimeMs: 5_000, roles: { worker: { processes: 1, memoryBytes: 30, cpuPercent: 1 } } }),
      aSample({ uptimeMs: 10_000, orphans: 4, roles: { worker: { processes: 2, memoryBytes: 50, cpuPercent: 2 } } }),
      aSample({ uptimeMs: 15_000, orphans: 1, restarts: 3, roles: {} }),
    ]);
    expect(condensed).toMatchObject({
      uptimeMs: 15_000,
      spanMs: 15_000,
      orphans: 4,
      restarts: 3,
      roles: { worker: { processes: 2, memoryBytes: 50, cpuPercent: 1 } },
    });
  });

  test('keeps unknown values as null', () => {
    expect(condense([aSample({ orphans: null }), aSample({ orphans: null })]).orphans).toBe(null);
    expect(condense([aSample({ orphans: null }), aSample({ orphans: 2 })]).orphans).toBe(2);
  });
});

test('the total of a sample sums the known values', () => {
  const roles = {
    worker: { processes: 1, memoryBytes: 30, cpuPercent: null },
    'chroma-sync': { processes: 2, memoryBytes: 70, cpuPercent: 5 },
  };
  expect(totalUse({ roles })).toEqual({ processes: 3, memoryBytes: 100, cpuPercent: 5 });
});

describe('dating', () => {
  test('setting the clock back an hour makes no overlap', () => {
    const dated = dateSamples([
      aSample({ takenAtMs: 10 * HOUR, uptimeMs: 5_000 }),
      aSample({ takenAtMs: 9 * HOUR, uptimeMs: 10_000 }),
      aSample({ takenAtMs: 9 * HOUR + 5_000, uptimeMs: 15_000 }),
    ]);
    expect(dated.map(({ atMs }) => atMs - 9 * HOUR)).toEqual([-5_000, 0, 5_000]);
    expect(gapsBetween(dated, 9 * HOUR + 10_000)).toEqual([]);
  });

  test('a restart of the machine is a gap of its own length', () => {
    const dated = dateSamples([
      aSample({ bootId: 'a', takenAtMs: HOUR, uptimeMs: 900_000 }),
      aSample({ bootId: 'b', takenAtMs: 2 * HOUR, uptimeMs: 60_000 }),
    ]);
    expect(gapsBetween(dated, 2 * HOUR)).toEqual([{ fromMs: HOUR, untilMs: 2 * HOUR - 5_000 }]);
  });

  test('a smaller uptime within one boot (a restarted container) is dated by its own clock', () => {
    const dated = dateSamples([
      aSample({ takenAtMs: HOUR, uptimeMs: 900_000 }),
      aSample({ takenAtMs: 2 * HOUR, uptimeMs: 5_000 }),
    ]);
    expect(dated.map(({ atMs }) => atMs)).toEqual([HOUR, 2 * HOUR]);
  });

  test('a suspended machine is a gap', () => {
    const dated = dateSamples([
      aSample({ takenAtMs: HOUR, uptimeMs: 5_000 }),
      aSample({ takenAtMs: 9 * HOUR, uptimeMs: 5_000 + 8 * HOUR }),
    ]);
    expect(gapsBetween(dated, 9 * HOUR)).toHaveLength(1);
  });

  test('the time after the last sample is a gap if it is long enough', () => {
    const dated = dateSamples([aSample({ takenAtMs: HOUR })]);
    expect(gapsBetween(dated, HOUR + 19_000)).toEqual([]);
    expect(gapsBetween(dated, HOUR + 60_000)).toEqual([{ fromMs: HOUR, untilMs: HOUR + 60_000 }]);
  });
});
