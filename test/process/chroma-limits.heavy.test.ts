// Chroma above its limits or slow, with processes that really allocate memory, use CPU or take their time.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MODEL_FILES } from '../../src/chroma/embedding-model.ts';
import { eventually } from '../helpers/eventually.ts';
import { describeWithChroma, linkModel } from '../helpers/semantic-stack.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { found, syncHarness } from './chroma-harness.ts';
import { connectSearchServer } from './search-server-process.ts';
import { TestTree } from './tree-harness.ts';

const STAND_IN = fileURLToPath(new URL('../fixtures/chroma-stand-in.py', import.meta.url));
const AT_REST = ['search', 'supervisor', 'worker'];

interface Health {
  readonly health: readonly { readonly id: string; readonly message: string }[];
  readonly chromaRecycles: {
    readonly count: number;
    readonly restsUntil: string | null;
    readonly wasForced: boolean;
  } | null;
  readonly search: { readonly mode: string; readonly reason: string | null };
}

/** A tree whose uvx is the stand-in. */
async function treeWith(mode: 'grow' | 'burn' | 'deaf' | 'slow', settings: Record<string, string>): Promise<TestTree> {
  const home = createTempDir();
  onTestFinished(() => {
    home.remove();
  });
  const model = join(home.path, '.cache', 'chroma', 'onnx_models', 'all-MiniLM-L6-v2', 'onnx');
  mkdirSync(model, { recursive: true });
  for (const name of MODEL_FILES) writeFileSync(join(model, name), 'x');
  const uvx = join(home.path, 'uvx');
  writeFileSync(uvx, `#!/bin/sh\nexec python3 '${STAND_IN}' ${mode} "$@"\n`);
  chmodSync(uvx, 0o755);
  const env = { CLAUDE_MEM_UVX: uvx, CLAUDE_MEM_CHROMA_CONNECT_TIMEOUT: '120s', ...settings };
  return TestTree.create({ home: home.path, env });
}

async function healthOf(tree: TestTree): Promise<Health> {
  return JSON.parse((await tree.run(['status', '--json'])).stdout) as Health;
}

/** Waits until `status` reports a recycle. */
async function recycled(tree: TestTree, count: number): Promise<Health> {
  const dump = { withinMs: 100_000, dump: () => ({ members: tree.members(), log: tree.log() }) };
  return eventually(
    `Chroma was recycled ${count} times`,
    async () => {
      const health = await healthOf(tree);
      return (health.chromaRecycles?.count ?? 0) >= count ? health : undefined;
    },
    dump,
  );
}

test('a Chroma that answers slowly leads to keyword answers that give the delay as the reason', async () => {
  const tree = await treeWith('slow', {});
  await tree.start();
  const session = await tree.session();
  await tree.observe(session, 'kept', 'found by keyword');
  const { mode, reason, titles } = await eventually(
    'Chroma has started',
    async () => {
      const answer = await tree.search('kept');
      return answer.reason === 'Chroma is starting' ? undefined : answer;
    },
    { withinMs: 60_000 },
  );
  expect([mode, reason, titles]).toEqual(['keyword', 'semantic search took longer than 2 s', ['kept']]);
  // An MCP client's own server asks the worker, which holds the lock of the vectors.
  const { dataDir, home } = tree;
  const server = await connectSearchServer({ dataDir, home, env: tree.env() });
  const answer = await server.call('search', { query: 'kept' });
  expect(answer).toMatchObject({ mode: 'keyword', results: [{ title: 'kept' }] });
  expect(answer.reason).toMatch(/^(?:semantic search took longer than 3 s|Chroma is busy with earlier calls)$/);
  await server.client.close();
  await tree.stop();
});

test('a Chroma that grows is recycled through the worker; one that grows again is paused, as status reports', async () => {
  const tree = await treeWith('grow', { CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB: '100' });
  await tree.start();
  const session = await tree.session();
  const first = await eventually('Chroma runs', () => tree.members().find(({ role }) => role === 'python'));
  expect((await recycled(tree, 1)).chromaRecycles).toMatchObject({ restsUntil: null, wasForced: false });
  await eventually('it is gone', () => !tree.members().some(({ pid }) => pid === first.pid), { withinMs: 20_000 });

  await tree.observe(session, 'kept', 'acknowledged while Chroma was recycled');
  const { chromaRecycles, health } = await recycled(tree, 2);
  expect(chromaRecycles?.restsUntil).toMatch(/^\d{4}-/);
  expect(health.map(({ id }) => id)).toContain('limit:chroma');
  await tree.expectRoles(AT_REST, 20_000);
  // A request does not start it during the pause.
  const { mode, titles } = await tree.search('kept');
  expect([mode, titles]).toEqual(['keyword', ['kept']]);
  expect((await healthOf(tree)).search.reason).toMatch(/^Chroma used \d+ MB, over its limit of 100 MB; next attempt/);
  expect(tree.roles()).toEqual([...AT_REST].sort());
  expect((await tree.run(['status'])).stdout).toMatch(/Health +Chroma used \d+ MB/);
  await tree.stop();
});

test('a Chroma that the worker cannot recycle is ended by force', async () => {
  const tree = await treeWith('deaf', { CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB: '100' });
  await tree.start();
  await tree.session();
  const deaf = await eventually('Chroma runs', () => tree.members().find(({ role }) => role === 'python'));
  await eventually('it was ended by force', async () => (await healthOf(tree)).chromaRecycles?.wasForced, {
    withinMs: 80_000,
    dump: () => tree.log(),
  });
  expect(tree.members().map(({ pid }) => pid)).not.toContain(deaf.pid);
  await tree.stop('--grace', '2s');
});

test('a Chroma that uses too much CPU for a minute is recycled', { timeout: 180_000 }, async () => {
  const tree = await treeWith('burn', { CLAUDE_MEM_CHROMA_CPU_LIMIT_PERCENT: '2' });
  await tree.start();
  await tree.session();
  await eventually('Chroma runs', () => tree.roles().includes('python'));
  expect((await recycled(tree, 1)).chromaRecycles).toMatchObject({ wasForced: false });
  expect(tree.log()).toMatch(/Chroma used \d+ % of a core for a minute, over its limit of 2 %/);
  await tree.stop();
});

describeWithChroma('the real Chroma', (stack) => {
  test('a recycle during a write loses and duplicates nothing', async () => {
    const { open, remember, filled } = await syncHarness(stack);
    const ids = Array.from({ length: 30 }, (_, index) => remember(`note ${index}: the train ${index} was late again`));
    const sync = open();
    sync.wake();
    for (const pending of [28, 20]) {
      await eventually('a part is written', () => sync.status().state === 'ready' && sync.status().pending <= pending, {
        withinMs: 60_000,
      });
      await sync.recycle('a test');
    }
    await filled(sync);
    const all = await found(sync, 'delayed railway', 100);
    expect(all.toSorted((left, right) => left - right)).toEqual(ids);
  });

  test('above a low limit Chroma is recycled and paused, and acknowledged data is found by keyword', async () => {
    const home = createTempDir();
    onTestFinished(() => {
      home.remove();
    });
    linkModel(stack, home.path);
    const env = { ...stack.env, HOME: home.path, CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB: '60' };
    const tree = await TestTree.create({ home: home.path, env });
    await tree.start();
    const session = await tree.session();
    for (let note = 0; note < 20; note += 1) await tree.observe(session, `note ${note}`, 'the train was late again');
    await recycled(tree, 1);
    await eventually('its Chroma is gone', () => tree.log().includes('Chroma was recycled'), { withinMs: 30_000 });
    // The next request, not a backfill, starts another one.
    await tree.search('train');
    await recycled(tree, 2);
    await tree.expectRoles(AT_REST, 20_000);
    expect((await tree.search('train')).titles.length).toBeGreaterThan(0);
    await tree.stop();
  });
});
