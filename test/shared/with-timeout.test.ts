import { expect, test } from 'vitest';
import { withTimeout } from '../../src/shared/with-timeout.ts';

test('returns the result or error of work that finishes in time', async () => {
  expect(await withTimeout(1_000, Promise.resolve('done'))).toBe('done');
  await expect(withTimeout(1_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

test('returns undefined for late work and ignores its later error', async () => {
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
