// Samples of a real supervisor survive a SIGKILL, and a read-only folder never affects the tree.
import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HistoryReport } from '../../src/cli/commands/history/json.ts';
import { eventually } from '../helpers/eventually.ts';
import { kill, TestTree } from './tree-harness.ts';

async function historyOf(tree: TestTree): Promise<HistoryReport> {
  return JSON.parse((await tree.run(['history', '--json'])).stdout) as HistoryReport;
}

async function sampled(tree: TestTree, treeId: string | null, count: number): Promise<HistoryReport> {
  return eventually(
    `${count} samples of ${treeId ?? '?'}`,
    async () => {
      const report = await historyOf(tree);
      return report.samples.filter((sample) => sample.treeId === treeId).length >= count ? report : undefined;
    },
    { withinMs: 40_000, dump: () => tree.log() },
  );
}

test('a supervisor killed by SIGKILL loses no samples, and the next one continues', async () => {
  const tree = await TestTree.create();
  const first = await tree.start('--no-chroma');
  const { samples } = await sampled(tree, first.treeId, 2);
  expect(samples.at(-1)).toMatchObject({ state: 'running', restarts: 0, orphans: 0, excess: 0, processes: 3 });
  expect(samples.at(-1)?.roles.worker?.memoryBytes).toBeGreaterThan(1_000_000);
  expect(samples.at(-1)?.cpuPercent).not.toBe(null);
  kill(tree.member('supervisor'));
  await tree.expectRoles([]);
  const second = await tree.start('--no-chroma');
  const report = await sampled(tree, second.treeId, 1);
  // Dates are derived from the newest sample of this boot, which may differ by hundredths of a second.
  const undated = report.samples.map((sample) => ({ ...sample, takenAt: '' }));
  expect(undated.slice(0, samples.length)).toEqual(samples.map((sample) => ({ ...sample, takenAt: '' })));
  expect(report.complete).toBe(true);
  await tree.stop();
});

test('samples that cannot be written are logged once, the tree keeps running, and writing resumes later', async () => {
  const tree = await TestTree.create();
  mkdirSync(tree.dataDir);
  const folder = join(tree.dataDir, 'samples');
  writeFileSync(folder, 'in the way');
  const { treeId } = await tree.start('--no-chroma');
  const log = () => readFileSync(join(tree.dataDir, 'logs', 'supervisor.log'), 'utf8');
  await eventually('it is logged', () => log().includes('samples cannot be written'), { withinMs: 20_000 });
  expect((await tree.json(['status'])).report).toMatchObject({ running: true, state: 'running' });
  await tree.ask('GET', '/ready');
  rmSync(folder);
  await sampled(tree, treeId, 1);
  expect(log().split('samples cannot be written')).toHaveLength(2);
  await tree.stop();
});
