// The linter proves most of this (regexp/no-super-linear-*); this test measures all of it.
import { describe, expect, test, vi } from 'vitest';
import { hostileTexts } from '../helpers/hostile-texts.ts';
import { composedPatterns, patternsOfSource } from '../helpers/patterns-of-source.ts';
import { record } from './recorded-patterns.ts';

/** Characters. The longest text takes milliseconds in linear time and seconds in quadratic time. */
const LENGTHS = [1_024, 32_768];
const WITHIN_MS = 250;

describe('every regular expression of the source takes linear time on hostile text', () => {
  test.each(patternsOfSource())('$place', ({ pattern }) => {
    expectLinear(pattern);
  });

  test('patterns composed at run time too', async () => {
    vi.resetModules();
    const { patterns, files } = await record();
    expect([...files].sort()).toEqual([...composedPatterns()]);
    for (const pattern of patterns) expectLinear(pattern);
  });
});

describe('the measurement', () => {
  test.each([/\s+$/, /(\w+)=(\w+);/g])('detects that %s does not take linear time', (pattern) => {
    expect(slowest(pattern, [32_768], 1).elapsedMs).toBeGreaterThan(WITHIN_MS);
  });
});

function expectLinear(pattern: RegExp): void {
  const { elapsedMs, text } = slowest(pattern);
  expect(elapsedMs, `${String(pattern)} with ${JSON.stringify(text.slice(0, 60))}…`).toBeLessThan(WITHIN_MS);
}

/** Stops at the first text that takes too long. Short texts come first, so that cubic time is found early. */
function slowest(pattern: RegExp, lengths = LENGTHS, tries = 3): { readonly elapsedMs: number; readonly text: string } {
  let worst = { elapsedMs: 0, text: '' };
  const everywhere = new RegExp(pattern.source, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
  for (const length of lengths) {
    for (const text of hostileTexts(pattern, length)) {
      const elapsedMs = quickestMs(tries, () => text.replace(everywhere, ''));
      if (elapsedMs > worst.elapsedMs) worst = { elapsedMs, text };
      if (worst.elapsedMs > WITHIN_MS) return worst;
    }
  }
  return worst;
}

/** Only a text that is slow three times counts as slow, because a loaded machine interrupts. */
function quickestMs(most: number, work: () => void): number {
  let quickest = Infinity;
  for (let tries = 0; tries < most && quickest > WITHIN_MS; tries += 1) {
    const before = performance.now();
    work();
    quickest = Math.min(quickest, performance.now() - before);
  }
  return quickest;
}
