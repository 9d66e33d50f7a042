import { expect, test } from 'vitest';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { RecordedTrees } from '../../../src/core/tree/recorded-trees.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { findStaleEntries } from '../../../src/core/tree/stale-entries.ts';
import { bornAt, clockAt, DATA_DIR, entry, indexOf, init, manifest, row, supervisor, worker } from '../builders.ts';

const root = supervisor(300, 1);
const ours = worker(310, 300);
const ended = entry('search', row(320, 310, 'x'), { by: ours, endedAt: clockAt(9_000) });
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root }), ended]);

function staleIn(rows: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}, read: Manifest = tree) {
  const index = indexOf([init, ...rows], extra);
  const { trees } = new RecordedTrees({ manifests: [read], answering: [], dataDir: DATA_DIR }, index);
  return findStaleEntries(trees, index).map(({ treeId, role, pid, reason }) => [treeId, role, pid, reason]);
}

test('an entry is stale if its process is gone, but not if it is alive or recorded as ended', () => {
  expect(staleIn([root])).toEqual([['t1', 'worker', 310, 'no such process']]);
  expect(staleIn([root, ours])).toEqual([]);
});

test('a retired tree has no stale entries', () => {
  expect(staleIn([root], {}, { ...tree, retiredAt: clockAt(9_000) })).toEqual([]);
});

test('an incomplete listing makes no entry stale', () => {
  expect(staleIn([root], { complete: false })).toEqual([]);
});

test.each<[string, ProcessRow]>([
  ['has exited and is a zombie', { ...ours, state: 'Z' }],
  ['the pid now belongs to another process (vim)', row(310, 1, 'vim', bornAt(9_000))],
  ['the pid now belongs to another process', row(310, 1, 'vim', { ...bornAt(9_000), name: '' })],
])('the reason of a stale entry comes from the process table: %s', (reason, present) => {
  expect(staleIn([root, present])).toEqual([['t1', 'worker', 310, reason]]);
});

test('the reason of a stale entry after a reboot is the boot, even if the pid is reused', () => {
  const reason = 'recorded before the last boot';
  expect(staleIn([root, row(310, 1, 'vim')], { bootId: 'boot-2' })).toEqual([
    ['t1', 'supervisor', 300, reason],
    ['t1', 'worker', 310, reason],
  ]);
});
