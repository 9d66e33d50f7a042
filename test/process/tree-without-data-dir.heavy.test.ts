import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freePort } from '../helpers/free-port.ts';
import { TestTree } from './tree-harness.ts';

test('start names a tree whose data dir was removed and refuses a second one on any port; stop ends it', async () => {
  const tree = await TestTree.create();
  await tree.start('--no-chroma');
  const { pid } = tree.member('supervisor');
  rmSync(tree.dataDir, { recursive: true });
  for (const args of [[], ['--port', String(await freePort())]]) {
    const { status, report } = await tree.json(['start', '--no-chroma', ...args]);
    expect(status).toBe(1);
    expect(report.error).toMatchObject({
      code: 'lock-held',
      hint: expect.stringContaining('claude-mem stop') as never,
    });
    expect(report.error?.message).toContain(`(pid ${pid})`);
    expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
  }
  const { status, report } = await tree.json(['stop']);
  expect([status, report.ok, tree.members()]).toEqual([0, true, []]);
  expect(report.ended).toHaveLength(3);
  await tree.start('--no-chroma');
  await tree.stop();
});

test('stop refuses a misspelt variable instead of ending the tree of the default data dir', async () => {
  const tree = await TestTree.create();
  await tree.start('--no-chroma');
  const { status, stderr } = await tree.run(['stop'], { env: { CLAUDE_MEM_DATADIR: '/srv/other' } });
  expect(stderr).toContain('Did you mean CLAUDE_MEM_DATA_DIR?');
  expect(status).toBe(2);
  expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
  await tree.stop();
});
