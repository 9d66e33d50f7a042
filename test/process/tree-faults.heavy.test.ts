// The whole tree with a faulty uvx: it starts, answers by keyword, and ends without a trace.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { MODEL_FILES, modelFolder } from '../../src/chroma/embedding-model.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { kill, TestTree } from './tree-harness.ts';

const STUBBORN = `trap '' TERM
sh -c "trap '' TERM; while :; do sleep 0.2; done" &
while :; do sleep 0.2; done`;

/**
 * Starts processes continuously, some between the last snapshot and its death. Its children outlive it and ignore
 * SIGTERM.
 */
const PROLIFIC = `trap '' TERM
while :; do sleep 120 & sleep 0.02; done`;

describe('a tree whose uvx', () => {
  test.each([
    ['takes a minute', 'exec sleep 60'],
    ['hangs before the handshake and ignores SIGTERM, as its child does', STUBBORN],
    ['keeps starting processes while it is being ended', PROLIFIC],
  ])('%s answers by keyword meanwhile, and stop ends everything within the grace period', async (_, script) => {
    const { tree, spawned } = await treeWithUvx(script);
    await tree.start();
    const session = await tree.session();
    await tree.observe(session, 'slow query', 'the database query was slow');
    await eventually('uvx was started', () => spawned() === 1);
    for (let query = 0; query < 5; query += 1) {
      const { body } = await tree.ask('GET', '/api/search?q=query');
      expect(body).toMatchObject({ mode: 'keyword', reason: 'Chroma is starting', results: [{ title: 'slow query' }] });
    }
    expect(spawned()).toBe(1);
    await tree.stop('--grace', '3s');
  });

  test('exits with an error reports the reason and retries with growing pauses', async () => {
    const { tree, spawned } = await treeWithUvx('echo "error: the disk is on fire" >&2; exit 3');
    await tree.start();
    const startedAt = performance.now();
    const session = await tree.session();
    const status = await eventually('the reason is known', async () => {
      const { report } = await tree.json(['status']);
      return report.search.reason?.includes('the disk is on fire') === true && report;
    });
    expect(status.search.mode).toBe('keyword');
    for (let request = 0; request < 30; request += 1) {
      await tree.observe(session, `note ${request}`, 'text');
      await tree.search('text');
    }
    // The pauses double from one second, so this many attempts fit into the elapsed time.
    const possible = 1 + Math.ceil(Math.log2((performance.now() - startedAt) / 1_000 + 1));
    expect(spawned()).toBeGreaterThanOrEqual(1);
    expect(spawned()).toBeLessThanOrEqual(possible);
    await tree.stop();
  });
});

test('a frozen worker is replaced by its supervisor and loses no acknowledged data', async () => {
  const tree = await TestTree.create();
  await tree.start('--no-chroma');
  await tree.observe(await tree.session(), 'slow query', 'the database query was slow');
  const frozen = tree.member('worker');
  kill(frozen, 'SIGSTOP');
  const { processes } = await eventually(
    'another one runs',
    async () => {
      const { report } = await tree.json(['status']);
      const worker = report.processes.find(({ role }) => role === 'worker');
      return report.state === 'running' && worker !== undefined && worker.pid !== frozen.pid && report;
    },
    { withinMs: 60_000, dump: () => tree.log() },
  );
  expect(processes.find(({ role }) => role === 'worker')?.restarts).toBe(1);
  expect(isAlive(frozen)).toBe(false);
  await tree.expectRoles(['search', 'supervisor', 'worker']);
  expect((await tree.search('query')).titles).toEqual(['slow query']);
  await tree.stop();
});

/** A home with a fake model, so that only uvx fails. */
async function treeWithUvx(script: string) {
  const home = tempDir();
  const model = modelFolder(home);
  mkdirSync(model, { recursive: true });
  for (const name of MODEL_FILES) writeFileSync(join(model, name), 'x');
  const [uvx, spawns] = [join(home, 'uvx'), join(home, 'spawns')];
  writeFileSync(uvx, `#!/bin/sh\necho started >> '${spawns}'\n${script}\n`);
  chmodSync(uvx, 0o755);
  const tree = await TestTree.create({ home, env: { CLAUDE_MEM_UVX: uvx } });
  const spawned = () => (existsSync(spawns) ? readFileSync(spawns, 'utf8').trim().split('\n').length : 0);
  return { tree, spawned };
}
