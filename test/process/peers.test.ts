// Our own clients beside another user who took over the worker's port.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { hookInput } from '../helpers/hook-input.ts';
import { noSecondUser, startImpostor, type Impostor } from './impostor.ts';
import { connectSearchServer } from './search-server-process.ts';
import { kill, TestTree } from './tree-harness.ts';

const KEYWORD = '--no-chroma';
const PROMPT = 'a prompt that is nobody’s business';
const QUERY = 'a query that is private';
const WITHOUT_CHROMA = { CLAUDE_MEM_CHROMA_ENABLED: 'false' };
const reason = noSecondUser();

function spooled(tree: TestTree): number {
  const folder = join(tree.dataDir, 'spool');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).length : 0;
}

function hook(tree: TestTree) {
  return tree.run(['hook'], { stdin: hookInput('user-prompt-submit', { prompt: PROMPT }) });
}

/** Runs everything of ours that ever asks a worker, each as a user would. */
async function askEverything(tree: TestTree): Promise<void> {
  const before = spooled(tree);
  expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
  expect(spooled(tree)).toBe(before + 1);
  const env = { ...WITHOUT_CHROMA, CLAUDE_MEM_WORKER_PORT: String(tree.port) };
  const { call } = await connectSearchServer({ dataDir: tree.dataDir, env });
  expect(await call('search', { query: QUERY })).toMatchObject({ mode: 'keyword' });
  await Promise.all([
    tree.run(['status', '--json']),
    tree.run(['status', '--open', '--json']),
    tree.run(['leaks', '--json']),
    tree.run(['doctor', 'worker', 'search-server', 'port', 'supervisor', '--json']),
  ]);
}

function expectNothingTold(tree: TestTree, impostor: Impostor): void {
  const token = readFileSync(join(tree.dataDir, 'token'), 'utf8').trim();
  for (const secret of [token, PROMPT, QUERY, 'Authorization', 'authorization', 'POST'])
    expect(impostor.received()).not.toContain(secret);
  // Not even a question: who listens on a port is nobody to ask.
  expect(impostor.received()).toBe('');
}

describe('another user on the port of the worker, who repeats its tree id, is told nothing', () => {
  test.for([
    ['a stop', (tree: TestTree) => tree.stop()],
    [
      'a kill -9 of the whole tree',
      async (tree: TestTree) => {
        const members = tree.members();
        for (const member of members) kill(member);
        await eventually('all are gone', () => !members.some(isAlive));
      },
    ],
  ] as const)('after %s', async ([, end], context) => {
    if (reason !== undefined) context.skip(reason);
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    await end(tree);
    const impostor = startImpostor(tree.port, treeId ?? '');
    await impostor.listens();
    await askEverything(tree);
    expectNothingTold(tree, impostor);
  });

  test('while the supervisor tries to get a worker up again', async (context) => {
    if (reason !== undefined) context.skip(reason);
    const tree = await TestTree.create();
    const { treeId } = await tree.start(KEYWORD);
    const impostor = startImpostor(tree.port, treeId ?? '');
    kill(tree.member('worker'));
    await impostor.listens();
    await askEverything(tree);
    const { stdout, status } = await tree.run(['status', '--open', '--json']);
    expect([status, JSON.parse(stdout)]).toMatchObject([1, { page: { url: null } }]);
    const { checks } = JSON.parse((await tree.run(['doctor', 'worker', '--json'])).stdout) as {
      checks: { id: string; status: string }[];
    };
    expect(checks.find(({ id }) => id === 'worker')?.status).toBe('fail');
    expectNothingTold(tree, impostor);
  });
});

test('the owner’s curl with the token reaches the worker on its port, and the hook on its socket', async () => {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  expect((await tree.ask('GET', '/ready')).body).toMatchObject({ ready: true });
  expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
  expect(spooled(tree)).toBe(0);
  expect(JSON.stringify((await tree.ask('GET', '/api/context')).body)).toContain(PROMPT);
});
