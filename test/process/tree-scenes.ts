import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { startFixtureProcess } from '../helpers/fixture-process.ts';
import { exitOf, kill, launch, TestTree } from './tree-harness.ts';

export const ALL = ['search', 'supervisor', 'worker'];
export const KEYWORD = '--no-chroma';

/** A process that inherited the marks of the tree survives the command, which names it. */
export async function expectToSpareAnHeir(command: string, ...args: readonly string[]): Promise<void> {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  const inherited = readFileSync(`/proc/${tree.member('worker').pid}/environ`, 'utf8').split('\0');
  const env = Object.fromEntries(
    inherited.filter((entry) => entry.startsWith('CLAUDE_MEM_')).map((entry) => entry.split('=')),
  ) as Record<string, string>;
  const daemon = await startFixtureProcess({ env, detached: true });
  const { status, report } = await tree.json([command, ...args]);
  expect([status, report.left.map(({ pid }) => pid)]).toEqual([0, [daemon.pid]]);
  expect(daemon.chain.every(isAlive)).toBe(true);
  // It belongs to an old tree now, which the next stop ignores.
  expect((await tree.run(['stop'])).stderr).toBe('');
  await daemon.end();
}

/** After the death of these roles nothing of the tree is left, and the next start retires it. */
export async function expectToStartAfterDeathOf(roles: readonly string[]): Promise<void> {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  for (const member of roles.map((role) => tree.member(role))) kill(member);
  await tree.expectRoles([]);
  expect((await tree.json(['status'])).status).toBe(3);
  await tree.start(KEYWORD);
  expect(tree.roles()).toEqual(ALL);
  const trees = readdirSync(join(tree.dataDir, 'trees')).filter((name) => name.endsWith('.json'));
  const retired = trees.filter((name) => readFileSync(join(tree.dataDir, 'trees', name), 'utf8').includes('retiredAt'));
  expect([trees.length, retired.length]).toEqual([2, 1]);
}

/** A signal to `start --foreground` ends the tree. */
export async function expectToEndWithItsCommand(signal: NodeJS.Signals): Promise<void> {
  const tree = await TestTree.create();
  const command = launch(tree, ['start', KEYWORD, '--foreground']);
  await eventually('it runs', async () => (await tree.json(['status'])).report.state === 'running');
  command.kill(signal);
  await exitOf(command);
  await tree.expectRoles([]);
}
