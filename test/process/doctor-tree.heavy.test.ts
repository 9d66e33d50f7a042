// The output of `doctor` for a running tree and for broken ones.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stored } from '../cli/scene.ts';
import { eventually } from '../helpers/eventually.ts';
import { startFixtureProcess } from '../helpers/fixture-process.ts';
import { describeWithChroma, linkModel } from '../helpers/semantic-stack.ts';
import { createTempDir, tempDir } from '../helpers/temp-dir.ts';
import { identify } from '../../scripts/leak/identity.mjs';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { examine, expectCheck } from './doctor-run.ts';
import { copyOfProgram, kill, TestTree } from './tree-harness.ts';

const WITHOUT_CHROMA = { CLAUDE_MEM_CHROMA_ENABLED: 'false' };

async function aTree(options: Parameters<typeof TestTree.create>[0] = {}): Promise<TestTree> {
  const tree = await TestTree.create({ ...options, env: { ...WITHOUT_CHROMA, ...options.env } });
  await tree.start();
  return tree;
}

/** A role whose process is stopped by a signal until the end of the test. */
function freeze(tree: TestTree, role: string): void {
  const member = tree.member(role);
  kill(member, 'SIGSTOP');
}

describe('a tree', () => {
  test('a tree without faults passes every check', async () => {
    const tree = await aTree();
    const { of, report } = await examine(tree, []);
    for (const id of ['supervisor', 'worker', 'search-server', 'version', 'port', 'process-counts', 'stale-entries'])
      expect(of(id), id).toMatchObject({ status: 'pass', fix: null });
    expect(of('port').detail).toContain(`is used by the claude-mem worker (pid ${tree.member('worker').pid})`);
    expect(of('chroma').status).toBe('skip');
    expect(report.summary.fail).toBe(0);
    expect(report.summary.error).toBe(0);
  });

  test('whose supervisor is frozen fails', async () => {
    const tree = await aTree();
    freeze(tree, 'supervisor');
    const { pid } = tree.member('supervisor');
    expect(await expectCheck(tree, 'supervisor', 'fail')).toMatchObject({
      detail: `pid ${pid} is running but does not answer`,
      fix: 'claude-mem restart',
    });
    const { of, status } = await examine(tree, ['worker', 'process-counts']);
    expect([status, of('worker').status, of('process-counts').status]).toEqual([1, 'skip', 'skip']);
  });

  test('whose worker is frozen fails', async () => {
    const tree = await aTree();
    freeze(tree, 'worker');
    expect((await expectCheck(tree, 'worker', 'fail')).fix).toBe('claude-mem restart');
  });

  test('whose search server keeps ending fails', async () => {
    const tree = await aTree();
    await eventually(
      'the check reports it',
      async () => {
        const search = tree.members().find(({ role }) => role === 'search');
        if (search !== undefined) kill(search);
        return (await examine(tree, ['search-server'])).of('search-server').status === 'fail';
      },
      { withinMs: 30_000, dump: () => tree.log() },
    );
  });

  test('a tree of another version is reported', async () => {
    const tree = await aTree({ cli: copyOfProgram({ version: '0.0.9' }) });
    const current = await TestTree.create({ home: tree.home });
    const { detail, fix } = await expectCheck(current, 'version', 'warn');
    expect(detail).toMatch(/^this is \d.*, the running tree is 0\.0\.9$/);
    expect(fix).toBe('claude-mem restart');
  });

  test('a tree with a second search server in its records is reported', async () => {
    const tree = await aTree();
    await expectCheck(tree, 'process-counts', 'pass');
    const { pid } = await startFixtureProcess();
    const { treeId } = (await tree.json(['status'])).report;
    const entry = {
      role: 'search' as const,
      identity: stored(identify(pid)!),
      owner: stored(tree.member('supervisor')),
      command: ['node'],
      registeredAt: new Date().toISOString(),
    };
    openTreeStore(tree.dataDir).register(treeId!, entry);
    expect((await expectCheck(tree, 'process-counts', 'fail')).detail).toContain(
      '2 processes of role search, expected 0 to 1',
    );
  });

  test('a tree that can only search by keyword is reported with the reason', async () => {
    const tree = await TestTree.create({ env: { PATH: '/usr/bin:/bin', CLAUDE_MEM_UVX: '/nonexistent/uvx' } });
    await tree.start();
    const { detail } = await expectCheck(tree, 'chroma', 'fail');
    expect(detail).toContain('search is by keyword only: CLAUDE_MEM_UVX is /nonexistent/uvx');
  });
});

describeWithChroma('with the real Chroma', (stack) => {
  test('uv, Python, packages and model pass, and write nothing into the data dir', async () => {
    const dataDir = tempDir();
    const tree = await TestTree.create({ dataDir, home: stack.home, env: stack.env });
    const { of } = await examine(tree, ['uv', 'python', 'packages', 'model']);
    for (const id of ['python', 'packages', 'model']) expect(of(id)).toMatchObject({ status: 'pass' });
    expect(of('uv').detail).toMatch(/^uvx \d+\.\d+\.\d+ \(/);
    expect(tree.members()).toEqual([]);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('an unavailable Python and an empty cache are reported', async () => {
    const tree = await TestTree.create({ home: stack.home, dataDir: tempDir(), env: stack.env });
    const python = { env: { ...stack.env, CLAUDE_MEM_PYTHON_VERSION: '3.99' } };
    expect((await expectCheck(tree, 'python', 'fail', python)).detail).toContain('no Python matches "3.99"');
    const cache = join(tempDir(), 'cache');
    const missing = { env: { ...stack.env, UV_CACHE_DIR: cache } };
    expect((await expectCheck(tree, 'packages', 'warn', missing)).fix).toContain('claude-mem setup');
    mkdirSync(cache);
    await expectCheck(tree, 'packages', 'warn', missing);
  });

  test('a running Chroma passes, and one above its memory limit fails', async () => {
    const home = createTempDir();
    onTestFinished(() => {
      home.remove();
    });
    linkModel(stack, home.path);
    const tree = await TestTree.create({ home: home.path, env: { ...stack.env, HOME: home.path } });
    await tree.start();
    await tree.observe(await tree.session(), 'slow query', 'an index was missing');
    await eventually('Chroma runs', async () => (await examine(tree, ['chroma'])).of('chroma').status === 'pass', {
      withinMs: 30_000,
      dump: () => tree.log(),
    });
    await eventually('it runs', () => tree.roles().includes('python'), { withinMs: 30_000 });
    await expectCheck(tree, 'tree-memory', 'pass');
    await expectCheck(tree, 'vector-writers', 'pass');
    const { fix } = await expectCheck(tree, 'tree-memory', 'fail', {
      env: { CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB: '1' },
    });
    expect(fix).toBe('claude-mem restart');
  });
});
