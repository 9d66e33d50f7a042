import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';

test('eventually returns the first truthy answer', async () => {
  let asked = 0;
  expect(await eventually('a third answer', () => (asked += 1) >= 3 && `after ${asked}`)).toBe('after 3');
});

test('eventually treats an exception as "not yet"', async () => {
  let asked = 0;
  await eventually('no exception', () => {
    asked += 1;
    expect(asked).toBeGreaterThan(2);
    return true;
  });
});

test('eventually fails with its title, the last answer and the dump', async () => {
  const waiting = eventually('the sun rises', () => 0, { withinMs: 20, dump: () => ({ sky: 'dark' }) });
  await expect(waiting).rejects.toThrow("the sun rises: not within 20 ms\nlast answer: 0\n{ sky: 'dark' }");
});

test('eventually fails with the last exception as cause', async () => {
  const failure = new Error('still dark');
  const waiting = eventually('the sun rises', () => Promise.reject(failure), { withinMs: 20 });
  await expect(waiting).rejects.toMatchObject({
    message: 'the sun rises: not within 20 ms\nlast error: still dark',
    cause: failure,
  });
});

test('eventually still fails with its title if the dump fails', async () => {
  const dump = () => {
    throw new Error('no table');
  };
  await expect(eventually('x', () => false, { withinMs: 1, dump })).rejects.toThrow(
    'last answer: false\ndump failed: no table',
  );
});
