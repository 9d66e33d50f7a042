import { expect, test } from 'vitest';
import { parseMoment } from '../../../src/core/memory/moment.ts';

test.each([
  ['2026-11-25', '2026-11-25T00:00:00.000Z'],
  ['2026-11-25T10:00', '2026-11-25T10:00:00.000Z'],
  ['2026-11-25T10:00:05.123Z', '2026-11-25T10:00:05.123Z'],
  ['2026-11-25T10:00:00+02:00', '2026-11-25T08:00:00.000Z'],
])('%s means %s', (text, moment) => {
  expect(parseMoment(text)).toBe(moment);
});

test.each(['', 'yesterday', '2026', '2026-13-45', '25.11.2026', '2026-11-25 10:00', '2026-11-25T99:00'])(
  '"%s" is no day and no time',
  (text) => {
    expect(parseMoment(text)).toBeUndefined();
  },
);
