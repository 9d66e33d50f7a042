import { describe, expect, test } from 'vitest';
import { cronTimes, formatInterval, intervalProblem, nextCronRun } from '../../../src/core/guard/interval.ts';

describe('intervals', () => {
  test.each([
    [60, '* * * * *'],
    [600, '*/10 * * * *'],
    [3_600, '0 * * * *'],
    [7_200, '0 */2 * * *'],
    [86_400, '0 12 * * *'],
    [420, undefined],
    [5_400, undefined],
    [18_000, undefined],
    [90, undefined],
  ])('cron expresses %i seconds as %s', (seconds, times) => {
    expect(cronTimes(seconds)).toBe(times);
  });

  test('an interval that cron cannot express is refused with the possible ones', () => {
    expect(intervalProblem(420, 'cron')).toBe(
      'cron cannot run a command every 7m; it can every 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes, every 1, 2, 3, 4, 6, 8 or 12 hours, or once a day',
    );
    expect(intervalProblem(420, 'systemd')).toBeUndefined();
    expect(intervalProblem(90, 'task-scheduler')).toMatch(/whole minutes/);
  });

  test.each([59, 86_401, 0, Number.NaN])('%d seconds are refused by every scheduler', (seconds) => {
    for (const kind of ['systemd', 'launchd', 'task-scheduler', 'cron'] as const)
      expect(intervalProblem(seconds, kind)).toMatch(/between 1m and 1d/);
  });

  test.each([
    [60, '10:05:30', '10:06'],
    [600, '10:05:30', '10:10'],
    [600, '10:50:00', '11:00'],
    [3_600, '10:50:00', '11:00'],
    [7_200, '11:50:00', '12:00'],
    [86_400, '10:50:00', '12:00'],
    [86_400, '12:00:00', '12:00'],
  ])('every %i seconds, the next run after %s is at %s', (seconds, now, next) => {
    const found = nextCronRun(seconds, new Date(`2026-03-01T${now}`));
    expect(found.toTimeString().slice(0, 5)).toBe(next);
    expect(found > new Date(`2026-03-01T${now}`)).toBe(true);
  });

  test.each([
    [60, '1m'],
    [90, '90s'],
    [3_600, '1h'],
    [5_400, '90m'],
    [86_400, '1d'],
  ])('%i seconds are printed as %s', (seconds, text) => {
    expect(formatInterval(seconds)).toBe(text);
  });
});
