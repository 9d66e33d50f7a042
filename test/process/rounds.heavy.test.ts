// The runner of random faults itself: it runs rounds and leaves nothing however it ends.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { identify, signalIfSame } from '../../scripts/leak/identity.mjs';
import { endRun } from '../../scripts/leak/runs.mjs';
import { Table } from '../../scripts/rounds/table.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PLAY = ['--no-chroma', '--seed', 'test', '--rounds', '20', '--jobs', '2'];
const WITHIN_MS = 100_000;
/** Ending the leftovers takes about 2 s; the machine may be busy. */
const END_WITHIN_MS = 30_000;

interface Runner {
  readonly child: ChildProcess;
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly output: () => string;
  /** The temporary folder. */
  readonly folder: string;
  /** The mark of its run; undefined until it has one. */
  readonly run: () => string | undefined;
  /** Processes of any of its rounds. */
  readonly pids: () => readonly number[];
}

interface How {
  readonly folder?: string;
  readonly command?: readonly string[];
}

function startRunner(args: readonly string[], how: How = {}): Runner {
  const { folder = tempDir(), command = [process.execPath, '--import', 'tsx', 'scripts/rounds.ts'] } = how;
  const [file = '', ...first] = command;
  const child = spawn(file, [...first, ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let known: string | undefined;
  const before = marksIn(folder);
  const run = () => (known ??= marksIn(folder).find((mark) => !before.includes(mark)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (run() !== undefined) await endRun(run() ?? '');
  });
  const pids = () => (run() === undefined ? [] : new Table(run() ?? '').rows().map(({ pid }) => pid));
  return { child, ended, output: () => output, folder, run, pids };
}

function marksIn(folder: string): readonly string[] {
  const files = readdirSync(folder).map((name) => join(folder, name, 'run'));
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
}

async function playUntilTreesRun(runner: Runner): Promise<void> {
  await eventually('trees run', () => runner.pids().length >= 4, { withinMs: WITHIN_MS, dump: runner.output });
}

async function expectNothingLeft({ pids, folder }: Runner): Promise<void> {
  await eventually('nothing of the rounds is left', () => pids().length === 0, { withinMs: END_WITHIN_MS, dump: pids });
  const mounts = () => readFileSync('/proc/self/mounts', 'utf8').includes(`${folder}/`);
  await eventually('nothing is mounted any more', () => !mounts(), { withinMs: END_WITHIN_MS });
  // tsx keeps its cache in the temporary folder.
  const kept = () => readdirSync(folder).filter((name) => !name.startsWith('tsx-'));
  await eventually('its folder is gone', () => kept().length === 0, { withinMs: END_WITHIN_MS, dump: kept });
}

async function expectEnd({ ended, output }: Runner): Promise<number | null> {
  let code: number | null | undefined;
  void ended.then(([it]) => (code = it));
  await eventually('the runner has ended', () => code !== undefined, { withinMs: END_WITHIN_MS, dump: output });
  return code ?? null;
}

/** Its own janitor, identified by the mark on its command line. */
function janitorOf({ run }: Runner) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const isIt = (pid: string) => {
    const words = spawnSync('cat', [`/proc/${pid}/cmdline`], { encoding: 'utf8' }).stdout.split('\0');
    return words[1]?.endsWith('/janitor.mjs') === true && words[2] === run();
  };
  const found = pids.filter(isIt).map((pid) => identify(Number(pid)));
  return found.find((who) => who !== undefined);
}

test('the runner runs a round, reports the result, and leaves nothing', async () => {
  const runner = startRunner(['--no-chroma', '--seed', 'test', '--only', '1']);
  await eventually('a round is under way', () => runner.pids().length > 0, { withinMs: WITHIN_MS });
  const [code] = await runner.ended;
  expect(runner.output()).toMatch(/^1 rounds \(0 with real Chroma\): \d passed, \d failed.*, seed test$/m);
  expect(code).toBe(runner.output().includes('1 passed, 0 failed') ? 0 : 1);
  await expectNothingLeft(runner);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a runner interrupted by %s exits with 130 and leaves nothing',
  async (signal) => {
    const runner = startRunner(PLAY);
    await playUntilTreesRun(runner);
    runner.child.kill(signal);
    expect(await expectEnd(runner)).toBe(130);
    // Its exit means that everything is removed.
    expect(runner.pids()).toEqual([]);
    await expectNothingLeft(runner);
  },
);

test.each([
  ['a Ctrl-C in `npm run rounds`, which reaches the runner twice,', true],
  ['a SIGINT to npm alone', false],
])('%s removes everything before npm ends', async (_, isForAll) => {
  const runner = startRunner(PLAY, { command: ['npm', 'run', '--silent', 'rounds', '--'] });
  await playUntilTreesRun(runner);
  if (isForAll) process.kill(Number(runner.run()?.split(':')[1]), 'SIGINT');
  runner.child.kill('SIGINT');
  // If its child ended by the signal, npm does too, which a shell reports as 130.
  expect([130, null]).toContain(await expectEnd(runner));
  expect(runner.pids()).toEqual([]);
  await expectNothingLeft(runner);
});

test('a second Ctrl-C ends the runner without cleanup, and its janitor removes the rest', async () => {
  const runner = startRunner(PLAY);
  await playUntilTreesRun(runner);
  const janitor = janitorOf(runner);
  expect(janitor).toBeDefined();
  signalIfSame(janitor!, 'SIGSTOP');
  runner.child.kill('SIGINT');
  await eventually('it is interrupted', () => runner.output().includes('interrupted'));
  const isOver = () => runner.child.exitCode !== null;
  await eventually('it has ended', () => isOver() || (runner.child.kill('SIGINT'), false), { withinMs: 5_000 });
  expect(runner.child.exitCode).toBe(130);
  signalIfSame(janitor!, 'SIGCONT');
  await expectNothingLeft(runner);
});

test('a killed runner leaves nothing', async () => {
  const runner = startRunner(PLAY);
  await playUntilTreesRun(runner);
  runner.child.kill('SIGKILL');
  expect(await expectEnd(runner)).toBeNull();
  await expectNothingLeft(runner);
});

test('the next runner ends the leftovers of a runner that was killed with its janitor', async () => {
  const dead = startRunner(PLAY);
  await playUntilTreesRun(dead);
  const janitor = janitorOf(dead);
  expect(janitor).toBeDefined();
  signalIfSame(janitor!, 'SIGKILL');
  dead.child.kill('SIGKILL');
  await eventually('the runner is gone', () => dead.child.signalCode !== null);
  expect(dead.pids().length).toBeGreaterThan(0);

  const next = startRunner(PLAY, { folder: dead.folder });
  await eventually('the next one has begun', () => next.output().includes('seed test'), { withinMs: WITHIN_MS });
  expect(next.output()).toMatch(/^left by runs that were killed: ended \d+ processes \(pid .+\), removed 1 folders$/m);
  expect(dead.pids()).toEqual([]);
  next.child.kill('SIGINT');
  expect(await expectEnd(next)).toBe(130);
  await expectNothingLeft(dead);
});

test('a runner whose janitor was killed removes everything itself', async () => {
  const runner = startRunner(PLAY);
  await playUntilTreesRun(runner);
  const janitor = janitorOf(runner);
  expect(janitor).toBeDefined();
  signalIfSame(janitor!, 'SIGKILL');
  runner.child.kill('SIGINT');
  expect(await expectEnd(runner)).toBe(130);
  await expectNothingLeft(runner);
});
