import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clip, widthOf, wrap } from '../../../src/cli/terminal/wrap.ts';

const RED = '\u001B[31m';
const DEFAULT = '\u001B[39m';

const texts = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[a-z./-]{1,60}$/),
      fc.constantFrom('日本語', 'ü', '🚀', '/a/very/long/path/of/a/file'),
    ),
  )
  .map((words) => words.join(' '));

test('wrap makes no line wider than the limit and loses no text', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 4, max: 100 }), fc.constantFrom('', '  ', '      '), (text, width, indent) => {
      const wrapped = wrap(`${indent}${text}`, width);
      expect(wrapped.split('\n').filter((line) => widthOf(line) > width)).toEqual([]);
      expect(wrapped.replace(/\s+/g, '')).toBe(text.replace(/\s+/g, ''));
    }),
  );
});

test.each([
  ['what fits', 'as it is', 20, 'as it is'],
  ['words', 'one two three', 8, 'one two\nthree'],
  ['an indented line', '  one two three', 9, '  one two\n  three'],
  ['a word that is longer than a line', 'see /home/user/file.json', 12, 'see /home/us\ner/file.json'],
  ['a word that can be broken nowhere', 'abcdefghij', 4, 'abcd\nefgh\nij'],
  ['each line by itself', 'a b\nc d', 2, 'a\nb\nc\nd'],
])('wrap breaks %s', (_, text, width, expected) => {
  expect(wrap(text, width)).toBe(expected);
});

test('wrap ignores the width of colors', () => {
  expect(widthOf(`${RED}red${DEFAULT}`)).toBe(3);
  expect(wrap(`${RED}red${DEFAULT} word`, 8)).toBe(`${RED}red${DEFAULT} word`);
});

test('a line that fits keeps its characters, so that a path can be copied', () => {
  const decomposed = '  /home/u/cafe\u0301';
  expect(wrap(decomposed, 80)).toBe(decomposed);
});

test.each([
  ['a line that fits', `${RED}ab${DEFAULT} cd`, 5, `${RED}ab${DEFAULT} cd`],
  ['a line without colors', 'abcdef', 3, 'abc'],
  ['a cut after a color', `${RED}ab${DEFAULT} cdef`, 4, `${RED}ab${DEFAULT} c\u001B[0m`],
  ['a cut within a color', `${RED}abcdef${DEFAULT} gh`, 3, `${RED}abc\u001B[0m`],
  ['a wide character that does not fit', `a日本`, 4, 'a日'],
])('clip keeps the colors of what is left: %s', (_, line, width, expected) => {
  expect(clip(line, width)).toBe(expected);
});
