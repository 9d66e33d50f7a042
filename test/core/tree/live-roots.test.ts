import { expect, test } from 'vitest';
import { LiveRoots } from '../../../src/core/tree/live-roots.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  HIDDEN_MARKS,
  indexOf,
  init,
  marks,
  python,
  row,
  searchServer,
  supervisor,
  uv,
  worker,
} from '../builders.ts';

/** The trees whose root pid 300 is. */
const treesOf300 = (...rows: readonly ProcessRow[]) => [...new LiveRoots(indexOf([init, ...rows])).treesOf(300)];

const root = supervisor(300, 1, { treeMark: 't1' });
const server = searchServer(300, 70);
const child = (extra: Partial<ProcessRow> = {}) => uv(310, 300, { ...marks('t1', server, 'chroma-search'), ...extra });

test('finds a marked supervisor as the root of its tree, and also the parent that a marked child names as owner', () => {
  expect(treesOf300(root)).toEqual(['t1']);
  expect(treesOf300(server, child())).toEqual(['t1']);
  expect(new LiveRoots(indexOf([server, child()])).hasRootOf('t1')).toBe(true);
  expect(new LiveRoots(indexOf([server, child()])).hasRootOf('t2')).toBe(false);
});

test.each<[string, readonly ProcessRow[]]>([
  ['a child that is a zombie', [server, child({ state: 'Z' })]],
  ['a child without a tree mark', [server, child({ treeMark: null })]],
  [
    'a child whose owner is an earlier process with that pid',
    [server, child(marks('t1', row(300, 1, 'x', bornAt(1)), 'search'))],
  ],
  ['a child without an owner mark', [server, child({ ownerMark: null })]],
  ['a supervisor whose environment is hidden', [supervisor(300, 1, HIDDEN_MARKS)]],
  ['a supervisor that was spawned by one of ours', [supervisor(300, 1, marks('t1', row(299, 1, 'x'), 'supervisor'))]],
  ['a zombie of a supervisor', [{ ...root, state: 'Z' }]],
  [
    'a marked program without an owner that is not a supervisor',
    [searchServer(300, 70, { treeMark: 't1', roleMark: 'search' })],
  ],
  ['a chroma-mcp as parent', [python(300, 70), child()]],
  [
    'a worker with an owner in the same tree',
    [
      worker(300, 299, marks('t1', row(299, 1, 'x'), 'worker')),
      uv(310, 300, marks('t1', row(300, 1, 'x'), 'chroma-sync')),
    ],
  ],
  [
    'a worker of the same tree with an unreadable owner mark',
    [worker(300, 299, { ...HIDDEN_MARKS, treeMark: 't1' }), uv(310, 300, marks('t1', row(300, 1, 'x'), 'chroma-sync'))],
  ],
])('finds no root from %s', (_which, rows) => {
  expect(treesOf300(...rows)).toEqual([]);
});
