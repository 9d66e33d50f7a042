import { expect, test } from 'vitest';
import { drawChart, peaksOf, roundUp } from '../../../../src/cli/commands/history/chart.ts';

test('a chart leaves a gap blank and draws a line for zero', () => {
  expect(drawChart({ values: [0, undefined, 4, 8], rows: 2, most: 8 })).toEqual(['   █', '▁ ██']);
  expect(drawChart({ values: [1, 7], rows: 1, most: 8 })).toEqual(['▁▇']);
});

test.each([
  [0, 1],
  [3, 3],
  [7, 8],
  [132, 150],
  [900, 1000],
])('the scale of a chart for %d ends at %d', (value, top) => {
  expect(roundUp(value)).toBe(top);
});

test('each column shows the peak of its time, and a sample covers the whole time before it', () => {
  const span = { columns: 4, sinceMs: 0, untilMs: 400 };
  expect(
    peaksOf(
      [
        { fromMs: 0, untilMs: 200, value: 3 },
        { fromMs: 150, untilMs: 160, value: 9 },
      ],
      span,
    ),
  ).toEqual([3, 9, undefined, undefined]);
  // A sample that began before the shown time, and one with an unknown value.
  expect(
    peaksOf(
      [
        { fromMs: -50, untilMs: 50, value: 1 },
        { fromMs: 300, untilMs: 400, value: null },
      ],
      span,
    ),
  ).toEqual([1, undefined, undefined, undefined]);
});
