import { expect, test } from 'vitest';
import { withTimeout } from '../../src/shared/with-timeout.ts';

test('gives the result of work that is done in time, and throws what it throws', async () => {
  expect(await withTimeout(1_000, Promise.resolve('done'))).toBe('done');
  await expect(withTimeout(1_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

test('gives nothing for work that is not, and lets it fail later without a word', async () => {
  let fail = (): void => undefined;
  const work = new Promise<string>((_resolve, reject) => {
    fail = () => {
      reject(new Error('too late'));
    };
  });
  expect(await withTimeout(5, work)).toBeUndefined();
  fail();
  await new Promise((resolve) => setImmediate(resolve));
});
