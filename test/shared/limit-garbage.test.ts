import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limitGarbage } from '../../src/shared/limit-garbage.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the heap is collected only after it has grown since the last collection, until the end', () => {
  const sizes = [100, 50, 55, 61, 52];
  const collections: number[] = [];
  const end = limitGarbage({
    everyMs: 10,
    heapBytes: () => sizes.shift() ?? 1_000,
    collect: () => collections.push(sizes.length),
  });
  // Collects from 100 to 50, leaves 55 alone, collects from 61 to 52.
  vi.advanceTimersByTime(30);
  expect(collections).toEqual([4, 1]);
  end();
  vi.advanceTimersByTime(100);
  expect(collections).toHaveLength(2);
});
