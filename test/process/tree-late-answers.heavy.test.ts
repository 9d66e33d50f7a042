// A supervisor that is frozen for a while, as on a machine that swaps or was suspended. Late does not mean gone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hookInput } from '../helpers/hook-input.ts';
import { eventually } from '../helpers/eventually.ts';
import { frozen, whileFrozen } from './freezing.ts';
import { exitOf, kill, launch, TestTree } from './tree-harness.ts';

const KEYWORD = '--no-chroma';
const ALL = ['search', 'supervisor', 'worker'];
const FROZEN_MS = 3_200;

test('start joins the tree of a supervisor frozen for 3.2 s, and status and doctor report it as running', async () => {
  const tree = await TestTree.create();
  const { treeId } = await tree.start(KEYWORD);
  const before = tree.members();
  const [start, status, doctor] = await whileFrozen(tree, FROZEN_MS, () =>
    Promise.all([tree.json(['start', KEYWORD]), tree.json(['status']), tree.run(['doctor', 'supervisor', 'worker'])]),
  );
  expect([start.status, start.report], start.stderr).toMatchObject([0, { alreadyRunning: true, treeId }]);
  expect([status.status, status.report]).toMatchObject([0, { running: true, state: 'running', treeId }]);
  expect(doctor.status, doctor.stdout).toBe(0);
  expect(tree.members()).toEqual(before);
  await tree.stop();
});

test('a session started while supervisor and worker are frozen starts no second tree', async () => {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  const before = tree.members();
  const frozenOnes = [tree.member('worker'), tree.member('supervisor')];
  for (const member of frozenOnes) kill(member, 'SIGSTOP');
  const { status } = await tree.run(['hook'], { stdin: hookInput('session-start') });
  for (const member of frozenOnes) kill(member, 'SIGCONT');
  expect(status).toBe(0);
  // Output of a start would be written there.
  expect(existsSync(join(tree.dataDir, 'logs', 'hook-start.log'))).toBe(false);
  expect(tree.members()).toEqual(before);
  await tree.stop();
});

test('a start waits for its supervisor that is frozen for 3.2 s before it is ready', async () => {
  const tree = await TestTree.create();
  const start = launch(tree, ['start', KEYWORD]);
  const supervisor = await eventually('its worker is spawned', () =>
    tree.roles().includes('worker') ? tree.member('supervisor') : undefined,
  );
  await frozen(supervisor, FROZEN_MS);
  expect(await exitOf(start)).toBe(0);
  expect(tree.member('supervisor').pid).toBe(supervisor.pid);
  await tree.stop();
});

test('eight simultaneous starts all exit with 0 and share one tree', async () => {
  const tree = await TestTree.create();
  const ran = await Promise.all(Array.from({ length: 8 }, () => tree.json(['start', KEYWORD])));
  expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual(ran.map(() => [0, '']));
  expect(new Set(ran.map(({ report }) => report.treeId)).size).toBe(1);
  expect(ran.filter(({ report }) => !report.alreadyRunning)).toHaveLength(1);
  await tree.expectRoles(ALL);
  await tree.stop();
});
