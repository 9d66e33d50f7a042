// `setup` in incomplete homes: what it does, what it reports for failures, and the effect on search.
import { spawnSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelFolder } from '../../src/chroma/embedding-model.ts';
import { eventually } from '../helpers/eventually.ts';
import { type AvailableStack, describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { exitOf, launch, TestTree } from './tree-harness.ts';

interface SetupReport {
  readonly ok: boolean;
  readonly search: string;
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly detail: string;
    readonly fix: string | null;
  }[];
}

/** No process listens there, so every remote request is refused immediately. */
const NO_NETWORK = {
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
  ALL_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1',
  UV_INDEX_URL: 'https://packages.invalid/simple',
  UV_DEFAULT_INDEX: 'https://packages.invalid/simple',
  PIP_INDEX_URL: 'https://packages.invalid/simple',
  UV_HTTP_RETRIES: '0',
};

async function setUp(
  tree: TestTree,
  ...args: readonly string[]
): Promise<SetupReport & { readonly status: number | null }> {
  const { stdout, status } = await tree.run(['setup', ...args, '--json']);
  expect(tree.members().filter(({ role }) => role === 'setup')).toEqual([]);
  return { ...(JSON.parse(stdout) as SetupReport), status };
}

const statuses = ({ steps }: SetupReport) => Object.fromEntries(steps.map(({ id, status }) => [id, status]));

describeWithChroma('setup with the real Chroma', (stack) => {
  test('search uses keywords with a reason without the model, and meaning after setup --model-from', async () => {
    const home = tempDir();
    const tree = await TestTree.create({ home, env: { ...stack.env, HOME: home } });
    await tree.start();
    const session = await tree.session();
    await tree.observe(session, 'slow query', 'the database query was slow');
    await tree.observe(session, 'a cat', 'a cat slept on the sofa');
    const { body } = await tree.ask('GET', '/api/search?q=query');
    expect(body).toMatchObject({
      mode: 'keyword',
      reason: expect.stringMatching(/^the embedding model is missing .*run claude-mem setup$/) as string,
      results: [{ title: 'slow query' }],
    });
    // A Chroma started without the model would download it first.
    expect(tree.psCount()).toBe(0);
    expect((await tree.run(['status'])).stdout).toContain('the embedding model is missing');

    const report = await setUp(tree, '--model-from', modelFolder(stack.home));
    expect(report).toMatchObject({ status: 0, ok: true, search: 'semantic' });
    expect(statuses(report)).toMatchObject({ packages: 'already', model: 'done' });
    await eventually(
      'the running tree finds by meaning',
      async () => {
        const { mode, titles } = await tree.search('sql performance problem');
        return mode === 'semantic' && titles[0] === 'slow query';
      },
      { withinMs: 60_000, dump: () => tree.log() },
    );
    expect(statuses(await setUp(tree))).toEqual({
      uvx: 'already',
      python: 'already',
      packages: 'already',
      model: 'already',
    });
    await tree.stop();
  });

  test('setup accepts a tar.gz of the model; an invalid one is refused and changes nothing', async () => {
    const home = tempDir();
    const wrong = tempDir();
    writeFileSync(join(wrong, 'model.onnx'), 'not a model');
    writeFileSync(join(wrong, 'tokenizer.json'), '{}');
    const tree = await TestTree.create({ home, env: { ...stack.env, HOME: home } });
    expect(statuses(await setUp(tree, '--model-from', packed(stack)))).toMatchObject({ model: 'done' });
    const report = await setUp(tree, '--model-from', wrong);
    expect(report).toMatchObject({ status: 1, ok: false, search: 'keyword' });
    expect(report.steps.at(-1)).toMatchObject({
      id: 'model',
      status: 'failed',
      detail: expect.stringContaining('too small') as string,
    });
    expect(statuses(await setUp(tree))).toMatchObject({ model: 'already' });
  });

  test('setup without a network reports the failure and a fix, and the tree uses keyword search', async () => {
    const home = tempDir();
    const env = { ...stack.env, HOME: home, UV_CACHE_DIR: join(home, 'cache'), ...NO_NETWORK };
    const tree = await TestTree.create({ home, env });
    const report = await setUp(tree);
    expect(report).toMatchObject({ status: 1, ok: false, search: 'keyword' });
    expect(statuses(report)).toEqual({ uvx: 'already', python: 'already', packages: 'failed', model: 'skipped' });
    expect(report.steps[2]).toMatchObject({
      detail: expect.stringMatching(/network|registry|reach/i) as string,
      fix: expect.stringMatching(/network/) as string,
    });
    await tree.start();
    await tree.observe(await tree.session(), 'slow query', 'the database query was slow');
    expect(await tree.search('query')).toMatchObject({ mode: 'keyword', titles: ['slow query'] });
    await tree.stop();
  });
});

describe('setup', () => {
  test('setup without uvx and network reports both, and a start uses keyword search', async () => {
    const home = tempDir();
    const tree = await TestTree.create({ home, env: { PATH: pathWithoutUvx(), ...NO_NETWORK } });
    const report = await setUp(tree);
    expect(report).toMatchObject({ status: 1, search: 'keyword' });
    expect(report.steps[0]).toMatchObject({
      id: 'uvx',
      status: 'failed',
      detail: expect.stringMatching(/^uvx was not found, and uv could not be installed: .+/) as string,
      fix: expect.stringContaining('Install uv') as string,
    });
    await tree.start();
    expect((await tree.json(['status'])).report.search).toEqual({
      mode: 'keyword',
      reason: 'uvx was not found; run claude-mem setup',
    });
    await tree.stop();
  });

  test('setup ends its processes when interrupted', async () => {
    const home = tempDir();
    const uvx = join(home, 'uvx');
    writeFileSync(uvx, '#!/bin/sh\nsleep 60\n');
    chmodSync(uvx, 0o755);
    const tree = await TestTree.create({ home, env: { CLAUDE_MEM_UVX: uvx } });
    const child = launch(tree, ['setup']);
    await eventually('uvx is being asked', () => tree.roles().includes('setup'));
    child.kill('SIGINT');
    expect(await exitOf(child)).toBe(130);
    expect(tree.members()).toEqual([]);
    expect((await tree.run(['leaks'])).status).toBe(0);
  });
});

function packed(stack: AvailableStack): string {
  const file = join(tempDir(), 'model.tar.gz');
  const { status } = spawnSync('tar', ['-czf', file, '-C', join(modelFolder(stack.home), '..'), 'onnx']);
  expect(status).toBe(0);
  return file;
}

/** The programs of this machine except uv. */
function pathWithoutUvx(): string {
  const bin = tempDir();
  const find = (line: string) => spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout.trim();
  // Not the shim of a version manager, which does not work under another home.
  const python = find("python3 -c 'import sys; print(sys.executable)'");
  const programs = { python3: python, sh: find('command -v sh'), setpriv: find('command -v setpriv') };
  for (const [name, file] of Object.entries(programs)) if (file !== '') symlinkSync(file, join(bin, name));
  return bin;
}
