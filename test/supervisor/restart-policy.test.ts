import { expect, test } from 'vitest';
import { RestartPolicy } from '../../src/supervisor/restart-policy.ts';

const TIMING = { firstRestartMs: 100, longestRestartMs: 15_000, healthyAfterMs: 30_000 };

test('delays double up to 15 s, and an eleventh failed start in a row is not retried', () => {
  const policy = new RestartPolicy(TIMING);
  const delays = Array.from({ length: 11 }, () => policy.nextDelayMs());
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000, undefined]);
  expect(policy.failures).toBe(10);
});

test('a time in health makes the next crash the first one', () => {
  const policy = new RestartPolicy(TIMING);
  policy.nextDelayMs();
  policy.forget();
  expect([policy.failures, policy.nextDelayMs()]).toEqual([0, 100]);
});
