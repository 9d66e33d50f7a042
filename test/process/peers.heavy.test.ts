// claude-mem's own clients while another user holds the worker's port.
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { hookInput } from '../helpers/hook-input.ts';
import { tempDir } from '../helpers/temp-dir.ts';
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

/** Runs every claude-mem program that asks a worker, as a user would. */
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

function expectNothingSent(tree: TestTree, impostor: Impostor): void {
  const token = readFileSync(join(tree.dataDir, 'token'), 'utf8').trim();
  for (const secret of [token, PROMPT, QUERY, 'Authorization', 'authorization', 'POST'])
    expect(impostor.received()).not.toContain(secret);
  // Not even a request, because a port does not identify its listener.
  expect(impostor.received()).toBe('');
}

describe('another user who takes the port of the worker and repeats its tree id receives nothing', () => {
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
    expectNothingSent(tree, impostor);
  });

  test('while the supervisor tries to restart the worker', async (context) => {
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
    expectNothingSent(tree, impostor);
  });
});

test('a client with the token reaches the worker on its port, and a hook on its socket', async () => {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  expect((await tree.ask('GET', '/ready')).body).toMatchObject({ ready: true });
  expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
  expect(spooled(tree)).toBe(0);
  expect(JSON.stringify((await tree.ask('GET', '/api/context')).body)).toContain(PROMPT);
});

describe('a tree whose data dir has a path too long for a socket', () => {
  /** The paths of its sockets, from files in the data dir. */
  const foldersOf = (tree: TestTree) => {
    const { socket } = JSON.parse(readFileSync(join(tree.dataDir, 'supervisor.lock.holder'), 'utf8')) as {
      socket: string;
    };
    const note = readFileSync(join(tree.dataDir, 'worker.sock.path'), 'utf8').trim();
    return [dirname(socket), dirname(note)];
  };

  async function longTree() {
    const [home, runtime] = [tempDir(), tempDir()];
    const dataDir = join(home, 'x'.repeat(90));
    const tree = await TestTree.create({ home, dataDir, env: { XDG_RUNTIME_DIR: runtime } });
    return { tree, runtime };
  }

  test('a tree whose data dir has a path too long for a socket is reached over sockets in a private folder', async () => {
    const { tree, runtime } = await longTree();
    await tree.start(KEYWORD);
    for (const folder of foldersOf(tree)) {
      expect(dirname(folder)).toBe(runtime);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
    expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
    expect(spooled(tree)).toBe(0);
    await tree.stop();
    expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
    expect(spooled(tree)).toBe(1);
  });

  test('starts and is reached although another user created that folder first', async (context) => {
    if (reason !== undefined) context.skip(reason);
    const { tree } = await longTree();
    await tree.start(KEYWORD);
    const [usual = ''] = foldersOf(tree);
    await tree.stop();
    rmSync(usual, { recursive: true });
    mkdirSync(usual, { mode: 0o777 });
    chownSync(usual, 65534, 65534);
    await tree.start(KEYWORD);
    for (const folder of foldersOf(tree)) {
      onTestFinished(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      expect(folder).not.toBe(usual);
      expect(statSync(folder)).toMatchObject({ uid: process.geteuid?.() });
    }
    expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
    expect([spooled(tree), (await tree.json(['status'])).status]).toEqual([0, 0]);
  });
});

describe('in place of a socket', () => {
  test.each(['supervisor.sock', 'worker.sock'])('a folder %s prevents the start and is named', async (name) => {
    const tree = await TestTree.create();
    mkdirSync(join(tree.dataDir, name), { recursive: true, mode: 0o700 });
    const { status, report, stderr } = await tree.json(['start', KEYWORD]);
    expect([status, report.error?.code, stderr]).toEqual([1, 'io', '']);
    expect(report.error).toMatchObject({
      message: `claude-mem needs ${join(tree.dataDir, name)} for a socket, but it is a folder`,
      hint: expect.stringContaining('Move or remove it') as string,
    });
    expect(tree.members()).toEqual([]);
    for (const command of ['status', 'leaks', 'stop'])
      expect((await tree.run([command])).stderr, command).not.toMatch(/EISDIR|ERR_|at /);
  });

  test('the sockets of a killed tree are replaced by the next tree', async () => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    // The worker first: without its supervisor it would end by itself and remove its socket.
    for (const role of ['worker', 'supervisor']) kill(tree.member(role));
    await tree.expectRoles([]);
    expect(existsSync(join(tree.dataDir, 'worker.sock'))).toBe(true);
    expect(await hook(tree)).toMatchObject({ status: 0, stderr: '' });
    expect(spooled(tree)).toBe(1);
    await tree.start(KEYWORD);
    await eventually('the spool is stored', () => spooled(tree) === 0);
    expect(JSON.stringify((await tree.ask('GET', '/api/context')).body)).toContain(PROMPT);
    await tree.stop();
    expect(existsSync(join(tree.dataDir, 'worker.sock'))).toBe(false);
  });
});

test('an open connection to the supervisor does not prevent the end of the tree', async () => {
  const tree = await TestTree.create();
  await tree.start(KEYWORD);
  const peer = connect({ path: join(tree.dataDir, 'supervisor.sock'), allowHalfOpen: true });
  peer.on('error', () => undefined);
  onTestFinished(() => void peer.destroy());
  await eventually('it is connected', () => !peer.connecting);
  await tree.stop();
  expect(tree.members()).toEqual([]);
});
