import { expect, test } from 'vitest';
import { scrolled } from '../../../src/cli/terminal/full-screen/scroll.ts';
import { isUnicodeTerminal } from '../../../src/cli/terminal/full-screen/unicode.ts';

test.each([
  ['up', 5, 4],
  ['k', 5, 4],
  ['up', 0, 0],
  ['down', 5, 6],
  ['j', 20, 20],
  ['pageup', 12, 2],
  ['pagedown', 12, 20],
  ['home', 12, 0],
  ['end', 12, 20],
  ['x', 12, undefined],
])('the key %s moves in a list of 21 rows from row %i to %s', (key, from, to) => {
  expect(scrolled(key, from, { page: 10, last: 20 })).toBe(to);
});

test('a list that has become shorter moves back to its last row', () => {
  expect(scrolled('down', 50, { page: 10, last: 3 })).toBe(3);
});

test('a page on a tiny screen is one row', () => {
  expect(scrolled('pagedown', 0, { page: -2, last: 20 })).toBe(1);
});

test.each([
  [{ LC_ALL: 'C', LC_CTYPE: 'C.UTF-8', LANG: 'C.UTF-8' }, false],
  [{ LC_ALL: '', LC_CTYPE: 'en_US.utf8' }, true],
  [{ LANG: 'C.UTF-8' }, true],
  [{}, false],
])('the first variable that is set decides whether the locale %j is Unicode: %j', (env, isUnicode) => {
  expect(isUnicodeTerminal(env)).toBe(isUnicode);
});
