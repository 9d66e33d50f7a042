import { describe, expect, test } from 'vitest';
import { bornAt, indexOf, row, without } from '../builders.ts';

const pids = (rows: readonly { readonly pid: number }[]) => rows.map(({ pid }) => pid);

const one = row(1, 0, 'init');
const parent = row(10, 1, 'sh');
const child = row(11, 10, 'sleep 1');

describe('family', () => {
  const index = indexOf([child, one, parent]);

  test('parent, ancestors, children and descendants', () => {
    expect(index.parentOf(child)).toBe(parent);
    expect(pids(index.ancestorsOf(child))).toEqual([10, 1]);
    expect(pids(index.childrenOf(10))).toEqual([11]);
    expect(pids(index.descendantsOf(1))).toEqual([10, 11]);
  });

  test('a child is never older than its parent: a reused parent pid makes no family', () => {
    const older = row(11, 10, 'sleep 1', bornAt(5));
    const reused = indexOf([one, parent, older]);
    expect(reused.parentOf(older)).toBeUndefined();
    expect(pids(reused.descendantsOf(10))).toEqual([]);
    expect(reused.isParentGone(older)).toBe(true);
  });

  test('born in the same tick is family', () => {
    const twin = row(11, 10, 'sleep 1', bornAt(100));
    expect(indexOf([parent, twin]).parentOf(twin)).toBe(parent);
  });

  test('pids above are taken by parent pid alone, so that a command spares too much rather than too little', () => {
    const older = row(11, 10, 'sleep 1', bornAt(5));
    expect([...indexOf([one, parent, older]).pidsAbove(11)]).toEqual([10, 1, 0]);
  });
});

describe('a parent is gone', () => {
  test('a missing process is gone only if the listing was complete', () => {
    expect(indexOf([child]).isParentGone(child)).toBe(true);
    expect(indexOf([child], { complete: false }).isParentGone(child)).toBe(false);
  });

  test('a parent without a start to compare is not reported as gone', () => {
    const unread = without(parent, 'startTicks');
    const noDate = { ...unread, startedAt: '' };
    expect(indexOf([one, noDate, child]).isParentGone(child)).toBe(false);
    expect(indexOf([one, { ...unread, startedAt: '2099-01-01T00:00:00.000Z' }, child]).isParentGone(child)).toBe(false);
  });

  test('not while it is there', () => {
    expect(indexOf([parent, child]).isParentGone(child)).toBe(false);
  });
});

describe('top down', () => {
  test('each row comes after its parent, for any order of the table', () => {
    const rows = [row(13, 12, 'd'), row(12, 11, 'c'), child, parent, one];
    expect(pids(indexOf(rows).topDown())).toEqual([1, 10, 11, 12, 13]);
  });

  test('rows of a torn reading that are each other’s parents are there too, in an order of their own', () => {
    const left = row(20, 21, 'a', bornAt(7));
    const right = row(21, 20, 'b', bornAt(7));
    const below = row(22, 21, 'c');
    const itself = row(30, 30, 'd');
    for (const rows of [
      [one, left, right, below, itself],
      [itself, below, right, left, one],
    ]) {
      const order = pids(indexOf(rows).topDown());
      expect([...order].sort((a, b) => a - b)).toEqual([1, 20, 21, 22, 30]);
      expect(order.filter((pid) => pid >= 20 && pid < 30)).toEqual([20, 21, 22]);
    }
    expect(pids(indexOf([left, right]).ancestorsOf(left))).toEqual([21]);
    expect(pids(indexOf([left, right]).descendantsOf(20))).toEqual([21]);
  });
});

test('a live pid is one that is listed and no zombie', () => {
  const index = indexOf([one, parent, { ...child, state: 'Z' }]);
  expect(index.livePid(10)).toBe(parent);
  expect(index.livePid(11)).toBeUndefined();
  expect(index.livePid(99)).toBeUndefined();
  expect(index.livePid(undefined)).toBeUndefined();
});
