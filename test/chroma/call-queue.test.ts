import { describe, expect, test } from 'vitest';
import { CallQueue, type Priority } from '../../src/chroma/call-queue.ts';

/** Queues calls while one is running, then finishes them one by one. Returns the order in which they ran. */
async function orderOf(...calls: readonly Priority[]): Promise<string> {
  const queue = new CallQueue();
  let release = (): void => undefined;
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  const first = queue.run('write', () => isReleased);
  const order: string[] = [];
  const all = calls.map((priority) =>
    queue.run(priority, () => {
      order.push(priority);
      return Promise.resolve();
    }),
  );
  release();
  await Promise.all([first, ...all]);
  return order.join(' ');
}

describe('the order of waiting calls', () => {
  test('runs a waiting query before a waiting write', async () => {
    expect(await orderOf('write', 'query')).toBe('query write');
  });

  test('lets at most three queries in a row overtake a waiting write', async () => {
    const queries = Array.from({ length: 8 }, () => 'query' as const);
    expect(await orderOf('write', 'write', ...queries)).toBe(
      'query query query write query query query write query query',
    );
  });

  test('counts overtaking queries only while a write waits', async () => {
    expect(await orderOf('query', 'query', 'query', 'query')).toBe('query query query query');
  });
});

test('runs the next call after a call that fails', async () => {
  const queue = new CallQueue();
  const failed = queue.run('write', () => Promise.reject(new Error('no')));
  const next = queue.run('query', () => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('done');
});
