import { expect, test } from 'vitest';
import { changeDigit } from '../../scripts/rounds/damage.ts';
import { parseOptions } from '../../scripts/rounds/options.ts';
import { rowOf, summaryOf } from '../../scripts/rounds/record.ts';

test('options default to the seed of the day', () => {
  expect(parseOptions([], '2026-11-28')).toMatchObject({ seed: '2026-11-28', usesChroma: true, keeps: false });
  expect(parseOptions([], 'd')?.numbers).toHaveLength(60);
});

test('--only runs one round, --from and --rounds a range, --no-chroma no round with real Chroma', () => {
  expect(parseOptions(['--only', '17'], 'd')?.numbers).toEqual([17]);
  expect(parseOptions(['--from', '5', '--rounds', '2', '--no-chroma'], 'd')).toMatchObject({
    numbers: [5, 6],
    usesChroma: false,
  });
});

test('an invalid number and an unknown option are refused', () => {
  expect(() => parseOptions(['--rounds', 'many'], 'd')).toThrow('--rounds must be a whole number from 1, not "many"');
  expect(() => parseOptions(['--what'], 'd')).toThrow('--what');
});

test('the last line of a run gives the number of passed rounds and names the failed ones', () => {
  expect(summaryOf('s', { passed: 600, failed: [], real: 75 })).toBe(
    '600 rounds (75 with real Chroma): 600 passed, 0 failed, seed s',
  );
  expect(summaryOf('s', { passed: 1, failed: [9, 3], real: 0 })).toBe(
    '3 rounds (0 with real Chroma): 1 passed, 2 failed (3, 9), seed s',
  );
  expect(rowOf('2026-11-28', 's', { passed: 2, failed: [], real: 1 })).toBe(
    '| 2026-11-28 | s | 2 | 1 | 2 passed, 0 failed |',
  );
});

test('changes exactly one digit of a text', () => {
  const text = '{"pid": 123, "start": 456}';
  for (let dice = 0; dice < 100; dice += 1) {
    const changed = changeDigit(text, dice);
    const differing = Array.from(text, (letter, index) => letter !== changed[index]);
    expect([changed.length, differing.filter(Boolean).length]).toEqual([text.length, 1]);
  }
});
