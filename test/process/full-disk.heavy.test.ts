// Trees on a full disk, with every number of free pages that may let one step succeed and the next one fail.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mountSmallDisk } from './small-disk.ts';
import { TestTree, type Ran } from './tree-harness.ts';

const FREE_PAGES = Array.from({ length: 17 }, (_, pages) => pages);
const NO_SPACE = /no space left on the device|database or disk is full|ENOSPC/;

describe.each(FREE_PAGES)('with %i free pages', (pages) => {
  test('stop ends the whole tree, reports what it could not record, and exits with 0', async (context) => {
    const disk = mountSmallDisk(context);
    const tree = await TestTree.create({ dataDir: join(disk.path, 'data') });
    await tree.start('--no-chroma');
    disk.fill(pages);
    const { status, report, stderr } = await tree.json(['stop']);
    expect(tree.members()).toEqual([]);
    expect({ status, report }).toMatchObject({ status: 0, report: { ok: true, remaining: [] } });
    expect(report.unwritten.length > 0).toBe(stderr.includes('Not recorded: '));
    if (pages === 0) expect(stderr).toMatch(/^Not recorded: cannot write .*no space left on the device/m);
    disk.free();
    await tree.start('--no-chroma');
    await tree.stop();
  });

  test('start either succeeds or leaves nothing and reports the full disk', async (context) => {
    const disk = mountSmallDisk(context);
    const tree = await TestTree.create({ dataDir: join(disk.path, 'data') });
    disk.fill(pages);
    const started = await tree.json(['start', '--no-chroma']);
    expectTrue(started, tree);
    await tree.run(['stop']);
    expect(tree.members()).toEqual([]);
    disk.free();
    await tree.start('--no-chroma');
    await tree.stop();
  });

  test('restart ends the old tree, and either succeeds or leaves nothing', async (context) => {
    const disk = mountSmallDisk(context);
    const tree = await TestTree.create({ dataDir: join(disk.path, 'data') });
    await tree.start('--no-chroma');
    const old = tree.members().map(({ pid }) => pid);
    disk.fill(pages);
    const restarted = await tree.json(['restart', '--no-chroma']);
    expect(tree.members().filter(({ pid }) => old.includes(pid))).toEqual([]);
    expectTrue(restarted, tree);
    await tree.run(['stop']);
    expect(tree.members()).toEqual([]);
  });
});

/** A start that reports success runs; one that reports failure has left nothing. */
function expectTrue({ status, report, stdout, stderr }: Ran, tree: TestTree): void {
  if (status === 0) {
    expect(tree.roles()).toEqual(['search', 'supervisor', 'worker']);
    return;
  }
  expect(status).toBe(1);
  expect(tree.members()).toEqual([]);
  expect(`${stdout}${stderr}`).toMatch(NO_SPACE);
  expect(`${stdout}${stderr}`).not.toContain('nothing was changed');
  expect(report.error?.message).not.toBe(undefined);
}
