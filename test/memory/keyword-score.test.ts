import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keywordScore, type TermHits } from '../../src/memory/keyword-score.ts';
import { openMemory } from './open-memory.ts';

const TOTAL = 1_000;
const ID = 1;
const hits = (term: string, found: number, contains: boolean): TermHits => ({
  term,
  found,
  ids: new Set(contains ? [ID] : []),
});
/** An observation that contains a term is one of those that were found. */
const aTerm = fc
  .record({ term: fc.string({ minLength: 1 }), found: fc.nat(TOTAL), contains: fc.boolean() })
  .map(({ term, found, contains }) => hits(term, contains ? Math.max(1, found) : found, contains));
const someTerms = fc.array(aTerm, { minLength: 1, maxLength: 20 });

describe('the keyword score', () => {
  test('the keyword score is between 0 and 1, and 0 without a word of the query', () => {
    fc.assert(
      fc.property(someTerms, fc.nat(TOTAL), (terms, total) => {
        const score = keywordScore(ID, terms, total);
        expect(score >= 0 && score <= 1).toBe(true);
        expect(score === 0).toBe(!terms.some(({ ids }) => ids.has(ID)));
      }),
    );
  });

  test('the keyword score never rises by a further word that the observation lacks', () => {
    fc.assert(
      fc.property(someTerms, fc.string({ minLength: 1 }), fc.nat(TOTAL), (terms, term, found) => {
        const more = [...terms, hits(term, found, false)];
        expect(keywordScore(ID, more, TOTAL)).toBeLessThanOrEqual(keywordScore(ID, terms, TOTAL));
      }),
    );
  });

  test('the keyword score never falls by a further word that the observation contains', () => {
    fc.assert(
      fc.property(someTerms, fc.string({ minLength: 1 }), fc.integer({ min: 1, max: TOTAL }), (terms, term, found) => {
        const more = [...terms, hits(term, found, true)];
        expect(keywordScore(ID, more, TOTAL)).toBeGreaterThanOrEqual(keywordScore(ID, terms, TOTAL) - 1e-9);
      }),
    );
  });

  test.each([
    ['all ordinary words of the query', [hits('slow', 90, true), hits('query', 40, true)], [0.6, 0.6]],
    [
      'a common word beside two that occur nowhere',
      [hits('the', 900, true), hits('marmalade', 0, false), hits('zeppelin', 0, false)],
      [0, 0.01],
    ],
    [
      'a rather rare word beside two that occur nowhere',
      [hits('session', 50, true), hits('marmalade', 0, false), hits('zeppelin', 0, false)],
      [0, 0.15],
    ],
    ['a name of its own', [hits('ERR_4711', 1, true)], [0.9, 1]],
    [
      'a name of its own in a sentence',
      [hits('why', 30, false), hits('parseFile', 1, true), hits('fails', 70, false)],
      [0.9, 1],
    ],
    ['a name of many', [hits('package.json', 400, true)], [0.6, 0.6]],
    ['a number of one digit', [hits('5', 1, true)], [0.6, 0.6]],
    ['a word with an apostrophe, which is no name', [hits("isn't", 1, true)], [0.6, 0.6]],
  ] as const)('an observation with %s gets its share', (_with, terms, [least, most]) => {
    const score = keywordScore(ID, terms, TOTAL);
    expect(score).toBeGreaterThanOrEqual(least - 1e-9);
    expect(score).toBeLessThanOrEqual(most + 1e-9);
  });
});

describe('the score of a search in a memory', () => {
  function openLibrary() {
    const memory = openMemory();
    for (let number = 0; number < 60; number += 1)
      memory.remember(`session ${number} about the login`, 'the login of the session was slow');
    return memory;
  }

  test('words that occur nowhere find nothing, and lower the score of the other words', () => {
    const { search } = openLibrary();
    expect(search.search({ query: 'marmalade zeppelin', limit: 5 })).toEqual([]);
    const [best] = search.search({ query: 'marmalade zeppelin login', limit: 5 });
    expect(best?.score).toBeLessThan(0.05);
  });

  test('a hit with the rare word of a query is listed even if more common words rank others higher by bm25', () => {
    const { search, remember } = openLibrary();
    for (let number = 0; number < 300; number += 1) remember(`filler ${number}`);
    const exact = remember('a note', `${'some other text of no interest '.repeat(60)} 9f8e7d6c`);
    for (const limit of [1, 3]) {
      const results = search.search({ query: 'login session about the slow 9f8e7d6c', limit });
      expect(results.length).toBe(limit);
      expect(results[0]?.id).toBe(exact);
    }
  });

  test('a hit of parts of words scores less than one of whole words', () => {
    const { search, remember } = openLibrary();
    remember('データベースの移行');
    const [part] = search.search({ query: '移行', limit: 1 });
    const [whole] = search.search({ query: 'login', limit: 1 });
    expect(part!.score).toBeLessThan(whole!.score);
  });
});
