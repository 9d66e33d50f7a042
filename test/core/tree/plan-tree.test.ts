import { expect, test } from 'vitest';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { planTree } from '../../../src/core/tree/plan-tree.ts';
import type { OtherRegistry, ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  clockAt,
  DATA_DIR,
  entry,
  machine,
  manifest,
  marks,
  pluginWorker,
  python,
  row,
  snapshotOf,
  supervisor,
  worker,
} from '../builders.ts';

const root = supervisor(300, 1, { treeMark: 't1', dataDirMark: DATA_DIR });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);

/** The pids that a shutdown of the tree would end. */
function planned(
  rows: readonly ProcessRow[],
  manifests: readonly Manifest[],
  { treeId = 't1', otherRegistries = [] }: { treeId?: string; otherRegistries?: readonly OtherRegistry[] } = {},
): readonly number[] {
  const snapshot = snapshotOf([...machine, ...rows]);
  const context = new JudgementContext({ snapshot, dataDir: DATA_DIR, manifests, otherRegistries, answering: [] });
  return planTree(context, treeId).plan.map((process) => process.row.pid);
}

test('a helper in the session of a gone worker is planned only while no other process has that pid', () => {
  const helper = row(340, 1, 'git', { sid: 310, ...marks('t1', ours, 'chroma-sync') });
  expect(planned([helper], [tree])).toEqual([340]);
  expect(planned([{ ...ours, state: 'Z' }, helper], [tree])).toEqual([340]);
  expect(planned([row(310, 70, 'zsh', bornAt(3_200)), helper], [tree])).toEqual([]);
});

test('a chroma-mcp that the live plugin records is not planned, even with inherited marks', () => {
  const left = python(510, 1, { sid: 500, ...marks('t1', ours, 'chroma-sync') });
  const startedAt = clockAt((left.startTicks ?? 0) + 100);
  const content = (pid: number) =>
    JSON.stringify({
      processes: { worker: { pid: 500, type: 'worker', startedAt }, 'chroma-mcp': { pid, startedAt } },
    });
  const recordedBy = (pid: number) => ({ otherRegistries: [{ file: 'supervisor.json', content: content(pid) }] });
  expect(planned([pluginWorker(500), left], [tree], recordedBy(511))).toEqual([510]);
  expect(planned([pluginWorker(500), left], [tree], recordedBy(510))).toEqual([]);
  // Where our own manifest records it too, that decides.
  const both = manifest('t1', [...tree.entries, entry('chroma-sync', left, { by: ours })]);
  expect(planned([pluginWorker(500), left], [both], recordedBy(510))).toEqual([510]);
});
