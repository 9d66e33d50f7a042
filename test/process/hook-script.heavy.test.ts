// The hook script as Claude Code runs it, beside a real tree and on a real full disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { quoteShell } from '../../src/core/text/quote-shell.ts';
import { askSocket } from '../../src/shared/ask-socket.ts';
import { findWorkerSocket } from '../../src/state/control/worker-socket.ts';
import { writeHookScript } from '../../src/state/spool/hook-script-file.ts';
import { Spool } from '../../src/state/spool/spool.ts';
import { eventually } from '../helpers/eventually.ts';
import { hookInput } from '../helpers/hook-input.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { mountSmallDisk } from './small-disk.ts';
import { kill, TestTree } from './tree-harness.ts';

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs the script of a data dir. */
function begin(dataDir: string, stdin?: string) {
  const command = quoteShell([join(dataDir, 'bin', 'hook'), 'PostToolUse', '--for=claude-code']);
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  if (stdin !== undefined) child.stdin.end(stdin);
  const ended = once(child, 'close').then(([status, signal]): Ended => ({
    ...{ status: status as number | null, signal: signal as NodeJS.Signals | null, stderr },
  }));
  return { child, ended };
}

async function store(dataDir: string, stdin: string): Promise<void> {
  expect(await begin(dataDir, stdin).ended).toEqual({ status: 0, signal: null, stderr: '' });
}

function waiting(dataDir: string): readonly string[] {
  const folder = join(dataDir, 'spool');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.hook')) : [];
}

function prompt(session_id: string, number: number): string {
  return hookInput('user-prompt-submit', { session_id, prompt: `number ${number} of ${session_id}` });
}

interface Context {
  readonly sessions: readonly { sessionId: string; completedAt: string | null; prompts: string[] }[];
}

/** The prompts of each session in the order of their storage. */
async function promptsOf(tree: TestTree): Promise<Record<string, readonly string[]>> {
  const { sessions } = (await tree.ask('GET', '/api/context?limit=100')).body as unknown as Context;
  return Object.fromEntries(sessions.map(({ sessionId, prompts }) => [sessionId, prompts]));
}

/** The prompts that sessions with so many events must have, in order. */
function expected(sessions: readonly string[], count: number): Record<string, readonly string[]> {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return Object.fromEntries(
    sessions.map((session) => [session, numbers.map((number) => `number ${number} of ${session}`)]),
  );
}

const SESSIONS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];

test('events of parallel sessions are stored once and in order while the worker is killed again and again', async () => {
  const tree = await TestTree.create();
  await tree.start('--no-chroma');
  const { dataDir } = tree;
  await store(dataDir, prompt('one', 0));
  await eventually('it is stored', () => waiting(dataDir).length === 0);
  const COUNT = 25;
  const events = { areWritten: false };
  const killing = (async () => {
    for (let death = 0; death < 5 && !events.areWritten; death += 1) {
      const worker = await tree.memberOnceThere('worker');
      kill(worker);
      await eventually('it is gone', () => !isAlive(worker));
      await eventually('events wait', () => waiting(dataDir).length > 10 || events.areWritten, { withinMs: 30_000 });
    }
  })();
  await Promise.all(
    SESSIONS.map(async (session) => {
      for (let number = session === 'one' ? 1 : 0; number < COUNT; number += 1)
        await store(dataDir, prompt(session, number));
    }),
  );
  events.areWritten = true;
  await killing;
  await eventually('all are stored', () => waiting(dataDir).length === 0, { withinMs: 60_000, dump: () => tree.log() });
  expect(await promptsOf(tree)).toEqual(expected(SESSIONS, COUNT));
  expect(existsSync(join(dataDir, 'spool', 'set-aside'))).toBe(false);
});

test('a reader that takes events at any moment sees those of each session in order', async () => {
  const dataDir = tempDir();
  writeHookScript(dataDir, process.platform);
  const spool = new Spool(dataDir);
  const taken: string[] = [];
  const take = () => {
    for (const file of spool.list()) {
      const begun = spool.begin(file);
      if (begun?.form !== 'input') throw new Error(`${file.name} cannot be read`);
      taken.push(begun.text ?? '');
      spool.remove(begun.event);
    }
  };
  const timer = setInterval(take, 1);
  onTestFinished(() => {
    clearInterval(timer);
  });
  await Promise.all(
    SESSIONS.map(async (session) => {
      for (let number = 0; number < 40; number += 1) await store(dataDir, `${session} ${number}`);
    }),
  );
  take();
  const numbers = Object.fromEntries(
    SESSIONS.map((session) => [
      session,
      taken.filter((text) => text.startsWith(`${session} `)).map((text) => Number(text.split(' ')[1])),
    ]),
  );
  const inOrder = Array.from({ length: 40 }, (_, number) => number);
  expect(numbers).toEqual(Object.fromEntries(SESSIONS.map((session) => [session, inOrder])));
});

test('thousands of spooled events are stored while the worker answers every health check', async () => {
  const tree = await TestTree.create();
  const { dataDir } = tree;
  mkdirSync(join(dataDir, 'spool'), { recursive: true, mode: 0o700 });
  const COUNT = 3_000;
  for (let number = 0; number < COUNT; number += 1) {
    const input = hookInput('post-tool-use-bash', { tool_use_id: `use-${number}`, session_id: `s${number % 20}` });
    writeFileSync(join(dataDir, 'spool', `${number}.hook`), input);
  }
  await tree.start('--no-chroma');
  let failed = 0;
  await eventually(
    'all are stored',
    async () => {
      const asked = { socketPath: findWorkerSocket(dataDir), path: '/health', method: 'GET', withinMs: 5_000 } as const;
      const { status } = await askSocket(asked);
      if (status !== 200) failed += 1;
      return waiting(dataDir).length === 0;
    },
    { withinMs: 60_000, dump: () => tree.log() },
  );
  expect(failed).toBe(0);
  const { sessions } = (await tree.ask('GET', '/api/context?limit=100')).body as unknown as Context;
  expect(sessions).toHaveLength(20);
});

test('an event that a full disk cannot take exits with 1, leaves nothing of it, and later events are stored', async (context) => {
  const disk = mountSmallDisk(context, '2m');
  writeHookScript(disk.path, process.platform);
  await store(disk.path, '{"first":1}');
  disk.fill(2);
  const lost: Ended = {
    ...{ status: 1, signal: null },
    stderr: expect.stringMatching(/^claude-mem hook: this event is lost: [^\n]+\n$/) as string,
  };
  for (let attempt = 0; attempt < 3; attempt += 1)
    expect(await begin(disk.path, 'x'.repeat(100_000)).ended).toEqual(lost);
  expect(waiting(disk.path)).toEqual(['0.hook']);
  disk.free();
  await store(disk.path, '{"second":2}');
  expect(waiting(disk.path)).toHaveLength(2);
});

test('a script that is killed while it writes leaves no event, and the worker removes its file later', async () => {
  const dataDir = tempDir();
  writeHookScript(dataDir, process.platform);
  const { child, ended } = begin(dataDir);
  child.stdin.write('x'.repeat(60_000));
  const unfinished = join(dataDir, 'spool', '.0.new');
  await eventually('it writes', () => existsSync(unfinished) && statSync(unfinished).size > 0);
  child.kill('SIGKILL');
  child.stdin.end();
  expect((await ended).signal).toBe('SIGKILL');
  await store(dataDir, '{}');
  const spool = new Spool(dataDir);
  expect(spool.list().map(({ name }) => name)).toEqual(['1.hook']);
  expect(existsSync(unfinished)).toBe(true);
  const hourAgo = Date.now() / 1_000 - 3_600;
  utimesSync(unfinished, hourAgo, hourAgo);
  expect(new Spool(dataDir).list()).toHaveLength(1);
  expect(existsSync(unfinished)).toBe(false);
  await store(dataDir, '{}');
  expect([...waiting(dataDir)].sort()).toEqual(['1.hook', '2.hook']);
});
