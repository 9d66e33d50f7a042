import { expect, test } from 'vitest';
import { JudgementContext } from '../../src/core/judgement-context.ts';
import type { Manifest } from '../../src/core/manifest.ts';
import { planTree } from '../../src/core/plan-tree.ts';
import type { ProcessRow } from '../../src/core/snapshot.ts';
import { bornAt, DATA_DIR, entry, machine, manifest, marks, row, snapshotOf, supervisor, worker } from './builders.ts';

const root = supervisor(300, 1, { treeMark: 't1', dataDirMark: DATA_DIR });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);

/** The pids that a shutdown of the tree would end. */
function planned(rows: readonly ProcessRow[], manifests: readonly Manifest[], treeId = 't1'): readonly number[] {
  const snapshot = snapshotOf([...machine, ...rows]);
  const context = new JudgementContext({ snapshot, dataDir: DATA_DIR, manifests, otherRegistries: [], answering: [] });
  return planTree(context, treeId).plan.map((process) => process.row.pid);
}

test('a helper in the session of a gone worker is planned only while no other process has that pid', () => {
  const helper = row(340, 1, 'git', { sid: 310, ...marks('t1', ours, 'chroma-sync') });
  expect(planned([helper], [tree])).toEqual([340]);
  expect(planned([{ ...ours, state: 'Z' }, helper], [tree])).toEqual([340]);
  expect(planned([row(310, 70, 'zsh', bornAt(3_200)), helper], [tree])).toEqual([]);
});
