// Freezes longer than any single answer may take, and a machine without idle CPU.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { whileFrozen } from './freezing.ts';
import { TestTree } from './tree-harness.ts';

const KEYWORD = '--no-chroma';
const ALL = ['search', 'supervisor', 'worker'];

describe.each([3_200, 10_000])('a supervisor frozen for %i ms', (ms) => {
  test('a supervisor frozen for %i ms is joined by a start without harm to its tree', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const before = tree.members();
    const { status, report, stderr } = await whileFrozen(tree, ms, () => tree.json(['start', KEYWORD]));
    expect([status, report], stderr).toMatchObject([0, { alreadyRunning: true, treeId }]);
    expect(tree.members()).toEqual(before);
    await tree.stop();
  });

  test('a supervisor frozen for %i ms is never reported as not running by status or doctor', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const [status, doctor] = await whileFrozen(tree, ms, () =>
      Promise.all([tree.json(['status']), tree.run(['doctor', 'supervisor'])]),
    );
    expect(status.report).toMatchObject({ running: true, treeId });
    expect([status.status, doctor.status]).toEqual(ms < 5_000 ? [0, 0] : [1, 1]);
    if (ms > 5_000) expect(doctor.stdout).toContain('is running but does not answer');
    expect(tree.roles()).toEqual(ALL);
    await tree.stop();
  });

  test('a supervisor frozen for %i ms is ended by a stop within the grace period', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    await whileFrozen(tree, ms, () => tree.stop());
    expect(tree.members()).toEqual([]);
  });

  test('a supervisor frozen for %i ms is replaced by a restart', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const { status, report } = await whileFrozen(tree, ms, () => tree.json(['restart', KEYWORD]));
    expect([status, report]).toMatchObject([0, { ok: true, alreadyRunning: false }]);
    expect(report.treeId).not.toBe(treeId);
    expect(tree.roles()).toEqual(ALL);
    await tree.stop();
  });

  test('a supervisor frozen for %i ms is joined by ten simultaneous starts', async () => {
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const before = tree.members();
    const ran = await whileFrozen(tree, ms, () => startAtOnce(tree, 10));
    expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual(ran.map(() => [0, '']));
    expect(new Set(ran.map(({ report }) => report.treeId))).toEqual(new Set([treeId]));
    expect(tree.members()).toEqual(before);
    await tree.stop();
  });
});

test('thirty simultaneous starts on a busy machine all exit with 0 and share one tree', async () => {
  const tree = await TestTree.create();
  keepCoresBusy();
  const ran = await startAtOnce(tree, 30);
  expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual(ran.map(() => [0, '']));
  expect(new Set(ran.map(({ report }) => report.treeId)).size).toBe(1);
  expect(ran.filter(({ report }) => !report.alreadyRunning)).toHaveLength(1);
  await tree.expectRoles(ALL);
  await tree.stop();
});

function startAtOnce(tree: TestTree, count: number) {
  return Promise.all(Array.from({ length: count }, () => tree.json(['start', KEYWORD], { timeoutMs: 110_000 })));
}

/** Two busy loops per core, which end with this test, or by themselves. */
function keepCoresBusy(): void {
  const script = 'const end = Date.now() + 110_000; while (Date.now() < end);';
  for (let count = 0; count < 2 * availableParallelism(); count += 1) {
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
  }
}
