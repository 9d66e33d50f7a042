import { expect, test } from 'vitest';
import { SCENARIOS } from '../../../src/operations/verify/scenarios.ts';

test('the names of the scenarios and their order are API', () => {
  expect(SCENARIOS.map(({ name }) => name)).toEqual([
    'stop',
    'restart',
    'worker-crash',
    'search-crash',
    'chroma-crash',
    'wrapper-crash',
    'supervisor-crash',
    'stop-during-start',
    'double-start',
    'unresponsive-child',
  ]);
});

test('only the two scenarios that end Chroma need Chroma', () => {
  expect(SCENARIOS.filter(({ needsChroma }) => needsChroma).map(({ name }) => name)).toEqual([
    'chroma-crash',
    'wrapper-crash',
  ]);
});
