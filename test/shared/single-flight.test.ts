import { expect, test } from 'vitest';
import { singleFlight } from '../../src/shared/single-flight.ts';

test('calls that come while one runs share its answer, also if it fails; the next one runs anew', async () => {
  let calls = 0;
  const act = singleFlight(() => {
    calls += 1;
    return calls === 2 ? Promise.reject(new Error('no')) : Promise.resolve(calls);
  });
  expect(await Promise.all([act(), act()])).toEqual([1, 1]);
  await expect(Promise.all([act(), act()])).rejects.toThrow('no');
  expect(await act()).toBe(3);
});
