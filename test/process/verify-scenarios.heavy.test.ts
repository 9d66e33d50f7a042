import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { SCENARIOS } from '../../src/operations/verify/scenarios.ts';
import { identify } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { CLI, cleanEnvironment, runProgram } from '../helpers/run-cli.ts';
import { describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { exitOf } from './tree-harness.ts';

interface Report {
  readonly passed: boolean;
  readonly complete: boolean;
  readonly chroma: { readonly mode: string; readonly reason: string | null };
  readonly scenarios: readonly {
    readonly name: string;
    readonly passed: boolean | null;
    readonly baseline: number;
    readonly during: number;
    readonly after: number;
    readonly problem: string | null;
    readonly left: readonly { readonly pid: number; readonly command: string }[];
  }[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Its temporary data dir is below a TMPDIR of this test, so that the test can check its removal. */
function aPlace(env: Readonly<Record<string, string>> = {}) {
  const home = tempDir();
  const temporary = join(home, 't');
  mkdirSync(temporary);
  const all = { TMPDIR: temporary, ...env };
  const run = (args: readonly string[], program: readonly string[] = [process.execPath, CLI, 'verify']) =>
    runProgram(program[0]!, [...program.slice(1), ...args], { home, env: all, timeoutMs: 280_000 });
  const expectNothingLeft = () => {
    expect(readdirSync(temporary)).toEqual([]);
    expect(markHolders(temporary)).toEqual([]);
  };
  return { home, temporary, env: all, run, expectNothingLeft };
}

/** Pids whose environment names a data dir below that folder. */
function markHolders(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readProcText(`/proc/${pid}/environ`).includes(`CLAUDE_MEM_DATA_DIR=${folder}/`);
    } catch {
      return false;
    }
  });
}

describe('without Chroma', () => {
  const NEEDS_CHROMA = ['chroma-crash', 'wrapper-crash'];

  test('all other scenarios pass, and the skipped ones give a reason', { timeout: 300_000 }, async () => {
    const { run, expectNothingLeft } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false' });
    const { status, stdout, stderr } = await run(['--json']);
    const { scenarios, ...report } = JSON.parse(stdout) as Report;
    expect(scenarios.map(({ name }) => name)).toEqual(SCENARIOS.map(({ name }) => name));
    for (const { name, passed, problem, baseline, after } of scenarios) {
      expect([name, passed, baseline, after]).toEqual([name, NEEDS_CHROMA.includes(name) ? null : true, 0, 0]);
      if (passed === null) expect(problem).toContain('CLAUDE_MEM_CHROMA_ENABLED');
    }
    expect(report).toMatchObject({ passed: true, complete: true, chroma: { mode: 'keyword' } });
    expect([status, stderr]).toEqual([0, '']);
    expectNothingLeft();
  });

  test('a named scenario that cannot run does not pass', async () => {
    const { run } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false' });
    const { status, stdout } = await run(['--scenario', 'chroma-crash', '--json']);
    expect([status, (JSON.parse(stdout) as Report).passed]).toEqual([1, false]);
  });

  test('the old script prints the same lines as before', async () => {
    const { run, expectNothingLeft } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false' });
    const { status, stdout } = await run([], ['sh', join(ROOT, 'scripts/test-process-cleanup.sh')]);
    expect(stdout).toMatch(
      /^=== Process Cleanup Test ===\n.*\n1\. Initial process count: 0\n2\. Starting test process\.\.\.\n.*\n {3}During execution: 1 process\n3\. Final process count: 0\n✅ PASS: No process leaks detected\n$/,
    );
    expect(status).toBe(0);
    expectNothingLeft();
  });

  test('two scenarios run twice, with reports for CI', async () => {
    const { run, home } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false', GITHUB_ACTIONS: 'true' });
    const junit = join(home, 'verify.xml');
    const args = ['--scenario', 'stop', '--scenario', 'search-crash', '--cycles', '2', '--junit', junit];
    const { status, stdout, stderr } = await run(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^ {3}(?:stop|search-crash) +ok/gm)).toHaveLength(4);
    expect(readFileSync(junit, 'utf8')).toContain('tests="4" failures="0"');
  });

  test('a failed start is reported and leaves nothing', async () => {
    const { run, expectNothingLeft } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false' });
    // Below this folder, so that its packages are found without links.
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    const folder = mkdtempSync(join(ROOT, '.cache', 'no-worker-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    cpSync(dirname(CLI), folder, { recursive: true });
    const cli = join(folder, 'cli.js');
    rmSync(join(folder, 'worker.js'));
    const { status, stdout } = await run(['--scenario', 'stop'], [process.execPath, cli, 'verify']);
    expect(stdout).toMatch(/^ {3}stop +FAILED .*: start failed: .*worker/m);
    expect(stdout).toContain('❌ FAIL: a scenario failed');
    expect(status).toBe(1);
    expectNothingLeft();
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s during a run ends everything it started', async (signal) => {
    const { home, temporary, env, expectNothingLeft } = aPlace({ CLAUDE_MEM_CHROMA_ENABLED: 'false' });
    const child = spawn(process.execPath, [CLI, 'verify', '--scenario', 'worker-crash', '--cycles', '50'], {
      env: cleanEnvironment({ home, env }),
      stdio: 'ignore',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await eventually('a tree runs', () => markHolders(temporary).length >= 3, { withinMs: 60_000 });
    child.kill(signal);
    expect(await exitOf(child)).toBe(130);
    expectNothingLeft();
  });

  test.each([
    [['--scenario', 'nothing'], 'is not one of: stop, restart'],
    [['--reap'], '--reap cannot be used without a command'],
    [['--cycles', '2', '--', 'true'], '--cycles cannot be used with a command'],
    [['--allow', '(', '--', 'true'], 'is not a regular expression'],
    [['--output', '/nowhere/x', '--', 'true'], 'cannot write /nowhere/x: no such file or folder (ENOENT)'],
  ])('%j is refused', async (args, message) => {
    const { status, stderr } = await aPlace().run(args);
    expect([[1, 2].includes(status ?? 0), stderr]).toEqual([true, expect.stringContaining(message)]);
  });
});

describeWithChroma('with the real Chroma', (stack) => {
  test('every scenario passes, none is skipped', { timeout: 600_000 }, async () => {
    const { run, expectNothingLeft } = aPlace(stack.env);
    const { status, stdout, stderr } = await run(['--json']);
    const { scenarios, chroma } = JSON.parse(stdout) as Report;
    expect(scenarios.filter(({ passed }) => passed !== true)).toEqual([]);
    expect(chroma).toMatchObject({ mode: 'semantic', reason: null });
    // Search server, wrapper and python.
    expect(scenarios.find(({ name }) => name === 'stop')).toMatchObject({ baseline: 0, during: 3, after: 0 });
    expect([status, stderr]).toEqual([0, '']);
    expectNothingLeft();
  });

  test('a real leak, however hidden, fails the run and is ended', { timeout: 300_000 }, async () => {
    const uvx = join(tempDir(), 'uvx');
    const leaks = [
      `(setsid sh -c 'trap "" TERM; sleep 63 & wait; sleep 63' >/dev/null 2>&1 &)`,
      '(setsid env -i sleep 64 >/dev/null 2>&1 &)',
    ];
    writeFileSync(uvx, `#!/bin/sh\n${leaks.join('\n')}\nexec "${stack.uvx}" "$@"\n`, { mode: 0o755 });
    const { run, expectNothingLeft } = aPlace({ ...stack.env, CLAUDE_MEM_UVX: uvx });
    const { status, stdout } = await run(['--scenario', 'stop', '--json']);
    const [stop] = (JSON.parse(stdout) as Report).scenarios;
    expect(stop?.passed).toBe(false);
    expect(stop?.left.length).toBeGreaterThanOrEqual(3);
    expect(status).toBe(1);
    for (const { pid } of stop?.left ?? []) expect(identify(pid)).toBe(undefined);
    expectNothingLeft();
  });
});

test('the job for GitHub Actions is valid YAML and runs existing commands', () => {
  const { jobs } = parse(readFileSync(join(ROOT, 'scripts/process-cleanup.github-actions.yml'), 'utf8')) as {
    jobs: Record<string, { steps: readonly { run?: string; uses?: string }[] }>;
  };
  const steps = jobs['process-cleanup']?.steps ?? [];
  expect(steps.every(({ run, uses }) => (run === undefined) !== (uses === undefined))).toBe(true);
  const commands = steps
    .map(({ run }) => /claude-mem(?:-cli)? (.*)/.exec(run ?? '')?.[1])
    .filter((found) => found !== undefined);
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const own = command.replace(/ -- .*/, '').split(' ');
    const { stdout } = spawnSync(process.execPath, [CLI, own[0]!, '--help'], { encoding: 'utf8' });
    for (const option of own.filter((word) => word.startsWith('--'))) expect(stdout).toContain(option);
  }
});
