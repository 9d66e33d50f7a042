import { expect, test } from 'vitest';
import type { ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { terminateTree, terminateTrees } from '../../../src/operations/terminate/terminate-tree.ts';
import { DATA_DIR, entry, manifest, marks, row, supervisor, worker } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const treeOf = (treeId: string, pid: number) => {
  const root = supervisor(pid, 1, { treeMark: treeId, dataDirMark: DATA_DIR });
  const ours = worker(pid + 10, pid, marks(treeId, root, 'worker'));
  return { root, ours, recorded: manifest(treeId, [entry('supervisor', root), entry('worker', ours, { by: root })]) };
};
const first = treeOf('t1', 100);
const second = treeOf('t2', 200);

function machineOf(...trees: readonly (typeof first)[]): FakeMachine {
  const fake = new FakeMachine(trees.flatMap(({ root, ours }) => [root, ours]));
  fake.manifests = trees.map(({ recorded }) => recorded);
  return fake;
}

const portsOf = (fake: FakeMachine) => ({
  takeReading: async () => (await fake.observe()).reading,
  signaller: fake.signaller,
  clock: fake.clock,
});

test('terminateTree ends one tree and spares the others', async () => {
  const fake = machineOf(first, second);
  const { outcomes, remaining, isComplete } = await terminateTree(portsOf(fake), 't1', { graceMs: 100 });
  expect(outcomes.map(({ pid, outcome }) => [pid, outcome])).toEqual([
    [100, 'exited'],
    [110, 'exited'],
  ]);
  expect([remaining, isComplete]).toEqual([[], true]);
  expect([fake.has(200), fake.has(210)]).toEqual([true, true]);
});

test('endTrees ends several trees in the same passes', async () => {
  const fake = machineOf(first, second);
  const { outcomes, remaining } = await terminateTrees(portsOf(fake), new Set(['t1', 't2']), { graceMs: 100 });
  expect(outcomes.map(({ pid }) => pid)).toEqual([100, 110, 200, 210]);
  expect(remaining).toEqual([]);
  expect(fake.looks).toBe(3);
});

test('later passes of terminateTree get the rest of the grace period', async () => {
  const fake = machineOf(first);
  const late = worker(120, 100, marks('t1', first.root, 'worker'));
  // It ends only when three quarters of the grace period are over, and then another one is there that ignores SIGTERM.
  fake.behave(100, {
    endsAfterMs: 750,
    onEnd: () => {
      fake.start({ ...late, ppid: 1 });
    },
  });
  fake.behave(120, { endsAfterMs: Infinity });
  const { outcomes } = await terminateTree(portsOf(fake), 't1', { graceMs: 1_000 });
  expect(outcomes.find(({ pid }) => pid === 120)).toMatchObject({ outcome: 'killed', signal: 'SIGKILL' });
  expect(fake.clock.now()).toBe(1_000);
});

test('terminateTree gives a pass after the deadline a grace period of 0', async () => {
  const fake = machineOf(first);
  const late = worker(120, 100, marks('t1', first.root, 'worker'));
  fake.behave(100, {
    endsAfterMs: Infinity,
    onEnd: () => {
      fake.start({ ...late, ppid: 1 });
    },
  });
  fake.behave(120, { endsAfterMs: Infinity, survivesKill: true });
  const { outcomes, remaining } = await terminateTree(portsOf(fake), 't1', { graceMs: 1_000 });
  expect(outcomes.find(({ pid }) => pid === 120)).toMatchObject({ outcome: 'survived', signal: 'SIGKILL' });
  expect(remaining.map((each) => each.row.pid)).toEqual([120]);
  expect(fake.clock.now()).toBe(1_000 + 2_000);
});

test.each<[string, Partial<ProcessSnapshot>, boolean]>([
  ['whole: complete', {}, true],
  ['incomplete: incomplete', { complete: false }, false],
  ['one with a row that could not be read: incomplete', { unreadable: 1 }, false],
])('terminateTree reports whether its last reading is complete: %s', async (_which, extra, isComplete) => {
  const fake = machineOf(first);
  fake.extra = extra;
  expect(await terminateTree(portsOf(fake), 't1', { graceMs: 100 })).toMatchObject({ isComplete });
});

test('terminateTree reports a spared process with the mark of the tree', async () => {
  const fake = machineOf(first);
  fake.start(row(130, 1, 'tmux new', { ...marks('t1', first.ours, 'worker') }));
  const { left, outcomes } = await terminateTree(portsOf(fake), 't1', { graceMs: 100 });
  expect(left.map(({ pid }) => pid)).toEqual([130]);
  expect(outcomes.map(({ pid }) => pid)).toEqual([100, 110]);
});
