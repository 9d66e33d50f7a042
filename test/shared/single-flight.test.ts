import { expect, test } from 'vitest';
import { singleFlight } from '../../src/shared/single-flight.ts';

test('calls during a run share its result or error, and the next call starts a new run', async () => {
  let calls = 0;
  const act = singleFlight(() => {
    calls += 1;
    return calls === 2 ? Promise.reject(new Error('no')) : Promise.resolve(calls);
  });
  expect(await Promise.all([act(), act()])).toEqual([1, 1]);
  await expect(Promise.all([act(), act()])).rejects.toThrow('no');
  expect(await act()).toBe(3);
});
