// Hooks as a host runs them: the built program, JSON on stdin, a real tree.
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { hookInput } from '../helpers/hook-input.ts';
import { CLI, cleanEnvironment, runProgram, type RunResult } from '../helpers/run-cli.ts';
import { describeWithChroma, linkModel } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { kill, TestTree } from './tree-harness.ts';

const AT_REST = ['search', 'supervisor', 'worker'];
const isRoot = process.getuid?.() === 0;

/** Runs one hook that must succeed. */
async function hook(tree: TestTree, stdin: string, args: readonly string[] = []): Promise<RunResult> {
  const ran = await tree.run(['hook', ...args], { stdin });
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  return ran;
}

async function expectLost(tree: TestTree, stdin: string, args: readonly string[] = []): Promise<void> {
  const { status, stdout, stderr } = await tree.run(['hook', ...args], { stdin });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^claude-mem hook: this event is lost: .+\n$/);
}

interface Held {
  readonly writes: string;
  /** Whether the host closes its end of stdin. */
  readonly ends?: boolean;
  readonly writesAfterMs?: number;
  /** After this time the hook is stopped for 5 s, longer than any limit of a hook. */
  readonly freezeAfterMs?: number;
}

/** Runs one hook with the given behavior of host and machine. */
async function held(tree: TestTree, { writes, ends = false, writesAfterMs = 0, freezeAfterMs }: Held) {
  const child = spawn(process.execPath, [CLI, 'hook', '--data-dir', tree.dataDir], {
    env: cleanEnvironment({ home: tree.home }),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  const writing = sleep(writesAfterMs).then(() => (ends ? child.stdin.end(writes) : child.stdin.write(writes)));
  if (freezeAfterMs !== undefined) {
    await sleep(freezeAfterMs);
    child.kill('SIGSTOP');
    await sleep(5_000);
    child.kill('SIGCONT');
  }
  await writing;
  const [status] = (await closed) as [number | null];
  return { status, stderr };
}

function spooled(tree: TestTree): readonly string[] {
  const folder = join(tree.dataDir, 'spool');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
}

interface Context {
  readonly sessions: readonly { sessionId: string; project: string; completedAt: string | null; prompts: string[] }[];
  readonly summaries: readonly { text: string }[];
  readonly observations: readonly { title: string; text: string }[];
}

async function remembered(tree: TestTree): Promise<Context> {
  return (await tree.ask('GET', '/api/context?limit=100')).body as unknown as Context;
}

describe('with a running tree', () => {
  test('a whole session is stored and appears in the context of the next one', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    expect((await hook(tree, hookInput('session-start'))).stdout).toBe('');
    const names = ['user-prompt-submit', 'post-tool-use-bash', 'post-tool-use-edit', 'post-tool-use-read'];
    for (const name of [...names, 'post-tool-use-image', 'post-tool-use-mcp', 'stop', 'session-end'])
      expect((await hook(tree, hookInput(name))).stdout).toBe('');

    const memory = await remembered(tree);
    expect(memory.sessions).toMatchObject([{ project: 'shop', completedAt: expect.any(String) as string }]);
    expect(memory.observations).toHaveLength(5);
    expect(memory.summaries).toMatchObject([{ text: expect.stringContaining('Changed: src/checkout.ts') as string }]);
    expect(spooled(tree)).toEqual([]);
    for (const secret of ['hunter2', 'sk_live_abcdefghijklmnop', 'sk-test-0123456789abcdefghij', 'p4ss'])
      expect(JSON.stringify(memory)).not.toContain(secret);

    for (const source of ['startup', 'resume', 'clear', 'compact']) {
      const { stdout } = await hook(tree, hookInput('session-start', { session_id: `next-${source}`, source }));
      const { hookSpecificOutput: told } = JSON.parse(stdout) as { hookSpecificOutput: Record<string, string> };
      expect(told.hookEventName).toBe('SessionStart');
      expect(told.additionalContext).toContain('Changed: src/checkout.ts');
    }
    const elsewhere = hookInput('session-start', { session_id: 'other', cwd: '/home/u/another' });
    expect((await hook(tree, elsewhere)).stdout).toBe('');
  });

  test('a repeated delivery changes nothing', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    for (const name of ['user-prompt-submit', 'post-tool-use-edit', 'stop']) {
      await hook(tree, hookInput(name));
      await hook(tree, hookInput(name));
    }
    const memory = await remembered(tree);
    expect(memory.sessions.map(({ prompts }) => prompts.length)).toEqual([1]);
    expect([memory.observations.length, memory.summaries.length]).toEqual([1, 1]);
  });

  test('20 simultaneous sessions lose and duplicate nothing while the worker is killed', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const sessions = Array.from({ length: 20 }, (_, number) => `session-${number}`);
    let isKilled = false;
    await Promise.all(
      sessions.map(async (session_id) => {
        await hook(tree, hookInput('user-prompt-submit', { session_id, prompt: `work of ${session_id}` }));
        for (const step of [1, 2]) {
          const tool_use_id = `toolu-${session_id}-${step}`;
          await hook(tree, hookInput('post-tool-use-edit', { session_id, tool_use_id }));
          if (!isKilled) kill(tree.member('worker'));
          isKilled = true;
        }
        await hook(tree, hookInput('session-end', { session_id }));
      }),
    );
    await tree.expectRoles(AT_REST, 20_000);
    await eventually('all that was left is stored', () => spooled(tree).length === 0, {
      withinMs: 20_000,
      dump: () => tree.log(),
    });
    const memory = await remembered(tree);
    expect(memory.sessions.map(({ sessionId }) => sessionId).sort()).toEqual([...sessions].sort());
    for (const { sessionId, prompts, completedAt } of memory.sessions) {
      expect(prompts).toEqual([`work of ${sessionId}`]);
      expect(completedAt).not.toBe(null);
    }
    expect([memory.observations.length, memory.summaries.length]).toEqual([40, 20]);
    expect(existsSync(join(tree.dataDir, 'spool', 'set-aside'))).toBe(false);
  });

  test('a hanging worker does not block the host, and the event is stored once', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const worker = tree.member('worker');
    kill(worker, 'SIGSTOP');
    await hook(tree, hookInput('post-tool-use-edit'));
    await hook(tree, hookInput('post-tool-use-bash'));
    expect(spooled(tree)).toHaveLength(2);
    kill(worker, 'SIGCONT');
    await eventually('the worker has stored them', () => spooled(tree).length === 0);
    expect((await remembered(tree)).observations.map(({ title }) => title)).toEqual([
      'Tests passed: npm test -- --reporter=dot (42 passed)',
      'Edit src/checkout.ts',
    ]);
  });

  test('a file in the spool that is not an event is set aside', async () => {
    const tree = await TestTree.create();
    await hook(tree, hookInput('stop'));
    const [name] = spooled(tree);
    writeFileSync(join(tree.dataDir, 'spool', name!), '{"kind":');
    await hook(tree, hookInput('user-prompt-submit'));
    await tree.start('--no-chroma');
    await eventually('the spool is empty', () => spooled(tree).length === 0);
    expect(readdirSync(join(tree.dataDir, 'spool', 'set-aside'))).toHaveLength(1);
    expect((await remembered(tree)).sessions).toHaveLength(1);
  });
});

describe('without a running tree', () => {
  test('events wait without starting a tree; a new session starts it and stores them in order', async () => {
    const tree = await TestTree.create();
    for (const name of ['user-prompt-submit', 'post-tool-use-edit', 'stop']) await hook(tree, hookInput(name));
    expect(spooled(tree)).toHaveLength(3);
    expect(tree.roles()).toEqual([]);
    await hook(tree, hookInput('session-start', { session_id: 'next' }));
    await tree.expectRoles(AT_REST, 20_000);
    await eventually('the worker has stored them', () => spooled(tree).length === 0, { dump: () => tree.log() });
    const { summaries, sessions } = await remembered(tree);
    expect(summaries).toMatchObject([{ text: expect.stringContaining('Changed: src/checkout.ts') as string }]);
    expect(sessions).toHaveLength(2);
    await tree.stop();

    // The user ended the tree; only a new session starts it again.
    await hook(tree, hookInput('user-prompt-submit', { session_id: 'next' }));
    expect(tree.roles()).toEqual([]);
    const { stdout } = await hook(tree, hookInput('session-start', { session_id: 'after' }));
    expect(stdout).toContain('Changed: src/checkout.ts');
    await tree.expectRoles(AT_REST, 20_000);
    await eventually('it is ready', async () => (await tree.json(['status'])).report.state === 'running');
  });

  test('two simultaneous sessions start one tree, with only HOME in the environment', async () => {
    const tree = await TestTree.create();
    mkdirSync(tree.dataDir, { mode: 0o700 });
    writeFileSync(join(tree.dataDir, 'config.json'), JSON.stringify({ CLAUDE_MEM_WORKER_PORT: tree.port }));
    const start = (session_id: string) =>
      runProgram(process.execPath, [CLI, 'hook', 'SessionStart', '--for=claude-code'], {
        ...{ home: tree.home, env: { PATH: '/nonexistent', LANG: undefined }, cwd: '/' },
        stdin: hookInput('session-start', { session_id }),
      });
    const ran = await Promise.all([start('one'), start('two')]);
    expect(ran.map(({ status, stdout, stderr }) => [status, stdout, stderr])).toEqual([
      [0, '', ''],
      [0, '', ''],
    ]);
    await eventually('it is ready', async () => (await tree.json(['status'])).report.state === 'running', {
      ...{ withinMs: 20_000, dump: () => tree.log() },
    });
    expect(tree.roles()).toEqual(AT_REST);
    await eventually('both are stored', async () => (await remembered(tree)).sessions.length === 2);
  });

  test('another program on the port receives nothing', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    await tree.stop();
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`.trim());
      response.end(JSON.stringify({ treeId: 'somebody-elses' }));
    });
    await new Promise<void>((resolve) => server.listen(tree.port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    await hook(tree, hookInput('user-prompt-submit'));
    expect(asked).toEqual([]);
    expect(spooled(tree)).toHaveLength(1);
  });
});

describe('a hook that stores nothing exits with 1, never 2, and prints one line for', () => {
  test.each([
    ['no input', '', []],
    ['input that is not JSON', 'nonsense', []],
    ['unknown options', '{}', ['Stop', '--nonsense', '--json', 'more']],
    ['an option without its value', '{}', ['--data-dir']],
    ['a data dir that is a file', hookInput('stop'), ['--data-dir', '/etc/hostname']],
  ])('%s', async (_, stdin, args) => {
    const tree = await TestTree.create();
    await expectLost(tree, stdin, args);
    expect(spooled(tree)).toEqual([]);
  });

  test('a spool that cannot be written', async () => {
    const tree = await TestTree.create();
    mkdirSync(tree.dataDir, { mode: 0o700 });
    writeFileSync(join(tree.dataDir, 'spool'), 'a file in the place of the folder');
    await expectLost(tree, hookInput('stop'));
  });

  test('an input that never arrives', async () => {
    const tree = await TestTree.create();
    const { status, stderr } = await held(tree, { writes: '' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('no input arrived on stdin') as string]);
  });
});

describe('an event whose hook exited with 0 is stored or in the spool', () => {
  test.each([0, 40, 80, 120, 200])(
    'an event whose hook exited with 0 is stored or in the spool if the hook was frozen for 5 s after %i ms',
    async (afterMs) => {
      const tree = await TestTree.create();
      const ran = await held(tree, { writes: hookInput('stop'), ends: true, freezeAfterMs: afterMs });
      expect([ran.status, ran.stderr, spooled(tree).length]).toEqual([0, '', 1]);
    },
  );

  test('an event whose hook exited with 0 is stored or in the spool if its input arrives while it is frozen', async () => {
    const tree = await TestTree.create();
    const ran = await held(tree, { writes: hookInput('stop'), ends: true, freezeAfterMs: 0, writesAfterMs: 3_000 });
    expect([ran.status, ran.stderr, spooled(tree).length]).toEqual([0, '', 1]);
  });

  test('an event whose hook exited with 0 is stored or in the spool if the host never closes stdin', async () => {
    const tree = await TestTree.create();
    const ran = await held(tree, { writes: hookInput('stop') });
    expect([ran.status, ran.stderr, spooled(tree).length]).toEqual([0, '', 1]);
  });
});

describe('the host is not blocked by', () => {
  test('an irrelevant event, which stores nothing', async () => {
    const tree = await TestTree.create();
    expect((await hook(tree, hookInput('stop', { hook_event_name: 'PreCompact' }))).stdout).toBe('');
    expect(spooled(tree)).toEqual([]);
  });

  test('a handle that keeps the process alive', async () => {
    const tree = await TestTree.create();
    const held = '--import=data:text/javascript,setInterval(Object,1000)';
    const { status } = await tree.run(['hook'], { stdin: hookInput('stop'), env: { NODE_OPTIONS: held } });
    expect([status, spooled(tree).length]).toEqual([0, 1]);
  });

  test('20 MB of input, of which little is stored', async () => {
    const tree = await TestTree.create();
    await hook(tree, hookInput('post-tool-use-bash', { tool_response: { stdout: 'x '.repeat(10_000_000) } }));
    const [name] = spooled(tree);
    const event = readFileSync(join(tree.dataDir, 'spool', name!), 'utf8');
    expect(event).toContain('npm test');
    expect(event.length).toBeLessThan(10_000);
  });

  test('invalid settings: the event waits', async () => {
    const tree = await TestTree.create({ env: { CLAUDE_MEM_WORKER_HOST: 'not a host' } });
    await hook(tree, hookInput('user-prompt-submit'));
    expect(spooled(tree)).toHaveLength(1);
    expect(tree.log()).not.toContain('checkout');
  });

  test.skipIf(!isRoot)('a data dir or settings of another user: nothing is stored (needs root)', async () => {
    const other = 54_321;
    const tree = await TestTree.create();
    const dataDir = join(tempDir(), 'theirs');
    mkdirSync(dataDir, { mode: 0o777 });
    chownSync(dataDir, other, other);
    await expectLost(tree, hookInput('session-start'), ['--data-dir', dataDir]);
    expect(readdirSync(dataDir)).toEqual([]);

    mkdirSync(tree.dataDir);
    writeFileSync(join(tree.dataDir, 'config.json'), '{}');
    chownSync(join(tree.dataDir, 'config.json'), other, other);
    await expectLost(tree, hookInput('session-start'));
    expect(readdirSync(tree.dataDir)).toEqual(['config.json']);
    expect(tree.roles()).toEqual([]);
  });
});

describeWithChroma('with the real Chroma', (stack) => {
  test('the number of processes returns to the baseline after the last session and the idle time', async () => {
    const home = tempDir();
    linkModel(stack, home);
    const tree = await TestTree.create({
      home,
      env: { ...stack.env, HOME: home, CLAUDE_MEM_CHROMA_IDLE_SECONDS: '3' },
    });
    await tree.start();
    const baseline = tree.psCount();
    await hook(tree, hookInput('session-start'));
    await hook(tree, hookInput('user-prompt-submit'));
    await hook(tree, hookInput('post-tool-use-edit'));
    await tree.expectRoles([...AT_REST, 'python', 'uv'], 30_000);
    expect(tree.psCount()).toBeGreaterThan(baseline);
    await eventually('it is found by meaning', async () => (await tree.search('sql query')).mode === 'semantic', {
      ...{ withinMs: 30_000, dump: () => tree.log() },
    });
    for (const name of ['stop', 'session-end']) await hook(tree, hookInput(name));
    await tree.expectRoles(AT_REST, 30_000);
    expect(tree.psCount()).toBe(baseline);
  });
});
