import { describe, expect, test } from 'vitest';
import { queryTerms, wordExpressions } from '../../src/memory/keyword-query.ts';

describe('terms of a query', () => {
  test.each([
    ['login bug', ['login', 'bug']],
    ['  login,bug;(fix) ', ['login', 'bug', 'fix']],
    ['"exact phrase" more', ['exact phrase', 'more']],
    ['an "open quote', ['an', 'open', 'quote']],
    ['src/auth/login.ts:42', ['src/auth/login.ts:42']],
    ["don't", ["don't"]],
    ['twice twice', ['twice']],
    ['a\0b', ['a', 'b']],
    ['', []],
    ['  \n\t ', []],
    ['"" "  " ,;', []],
  ])('splits %j into %j', (query, terms) => {
    expect(queryTerms(query)).toEqual(terms);
  });

  test('limits the number and length of terms', () => {
    const many = queryTerms(Array.from({ length: 1_000 }, (_, index) => `w${index}`).join(' '));
    const long = queryTerms('x'.repeat(1_000_000));
    expect(many).toHaveLength(64);
    expect(long).toEqual(['x'.repeat(200)]);
  });
});

describe('full-text expressions', () => {
  test.each([
    [
      ['login', 'bug'],
      ['"login"', '"bug"'],
    ],
    [
      ['NOT', 'a*', 'title:x'],
      ['"NOT"', '"a*"', '"title:x"'],
    ],
    [['say "hi"'], ['"say ""hi"""']],
    [['😀', '--', 'bug'], ['"bug"']],
    [['😀', '--', '"'], []],
  ])('turns the terms %j into %j, without terms that have no letter or digit', (terms, expressions) => {
    expect(wordExpressions(terms).map(({ expression }) => expression)).toEqual(expressions);
  });
});
