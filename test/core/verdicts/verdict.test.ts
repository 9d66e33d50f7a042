import { expect, test } from 'vitest';
import { VERDICT_ORDER, VERDICTS } from '../../../src/core/verdicts/verdict.ts';

test('the verdicts are API', () => {
  expect(VERDICTS).toEqual(['managed', 'orphan', 'excess', 'unverified', 'foreign', 'zombie']);
});

test('reports list leaks first and foreign processes last', () => {
  expect(VERDICT_ORDER).toEqual(['orphan', 'excess', 'unverified', 'managed', 'zombie', 'foreign']);
});
