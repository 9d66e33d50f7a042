import { expect, test } from 'vitest';
import {
  countBreaches,
  findBreaches,
  isLasting,
  trackBreaches,
  type Vitals,
} from '../../../src/core/health/health-bounds.ts';

const WELL: Vitals = {
  counts: { supervisor: 1, worker: 1, search: 1, 'chroma-sync': 2 },
  orphans: 0,
  excess: 0,
  isWorkerAnswering: true,
  searchServer: 'answering',
  vectors: { state: 'ready', reason: null },
};

test('a tree with and without Chroma is within bounds', () => {
  expect(findBreaches(WELL)).toEqual([]);
  expect(findBreaches({ ...WELL, counts: { supervisor: 1, worker: 1 }, vectors: null, searchServer: null })).toEqual(
    [],
  );
});

test.each([
  [{ supervisor: 1 }, 'count:worker', '0 processes of role worker, expected 1'],
  [{ supervisor: 1, worker: 2 }, 'count:worker', '2 processes of role worker, expected 1'],
  [{ supervisor: 1, worker: 1, search: 2 }, 'count:search', '2 processes of role search, expected 0 to 1'],
  [
    { supervisor: 1, worker: 1, 'chroma-sync': 23 },
    'count:chroma-sync',
    '23 processes of role chroma-sync, expected 0 to 2',
  ],
] as const)('%o', (counts, id, message) => {
  expect(countBreaches(counts)).toEqual([{ id, message }]);
});

test.each([
  [{ isWorkerAnswering: false }, 'response:worker'],
  [{ searchServer: 'reconnecting' }, 'response:search'],
  [{ vectors: { state: 'unavailable', reason: 'no uvx' } }, 'response:chroma'],
  [{ orphans: 2 }, 'orphans'],
  [{ excess: 1 }, 'excess'],
] as const)('%o is a breach', (change, id) => {
  expect(findBreaches({ ...WELL, ...change }).map((breach) => breach.id)).toEqual([id]);
});

test.each(['off', 'asleep', 'starting', 'closed'])('a Chroma in state %s is no breach', (state) => {
  expect(findBreaches({ ...WELL, vectors: { state, reason: 'x' } })).toEqual([]);
});

test('an unknown number of leaks is no breach', () => {
  expect(findBreaches({ ...WELL, orphans: null, excess: null })).toEqual([]);
});

test('a breach lasts after three samples in a row, and one good sample ends it', () => {
  const found = [{ id: 'orphans', message: '1' }];
  const once = trackBreaches([], found, 100, true);
  const twice = trackBreaches(once, found, 200, false);
  const thrice = trackBreaches(twice, [{ id: 'orphans', message: '2' }], 300, true);
  expect([once, twice, thrice].map(([breach]) => isLasting(breach!))).toEqual([false, false, true]);
  expect(thrice).toEqual([{ id: 'orphans', message: '2', sinceMs: 100, sightings: 3, readings: 2 }]);
  expect(trackBreaches(thrice, [], 400, true)).toEqual([]);
});

test('a breach does not last while all samples use the same reading', () => {
  const found = [{ id: 'count:worker', message: '0 processes of role worker, expected 1' }];
  let tracked = trackBreaches([], found, 100, true);
  for (const nowMs of [200, 300, 400]) tracked = trackBreaches(tracked, found, nowMs, false);
  expect(tracked.map(isLasting)).toEqual([false]);
});
