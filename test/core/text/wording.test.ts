import { expect, test } from 'vitest';
import { count, formatNumber } from '../../../src/core/text/wording.ts';

test.each([0, 1, 12, 999, 1_000, 12_345, 999_999, 1_000_000, 123_456_789])(
  'writes %d as English readers do',
  (amount) => {
    expect(formatNumber(amount)).toBe(amount.toLocaleString('en-US'));
  },
);

test('counts in singular and plural', () => {
  expect([count(1, 'orphan'), count(0, 'orphan'), count(1_200, 'orphan')]).toEqual([
    '1 orphan',
    '0 orphans',
    '1,200 orphans',
  ]);
});
