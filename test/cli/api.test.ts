import { createRequire } from 'node:module';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type * as Library from '../../src/wiring/api.ts';
import { identify, isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { problemOf } from '../helpers/json-documents.ts';
import { CLI, runProgram } from '../helpers/run-cli.ts';
import { runMark } from '../helpers/run-mark.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aHome, expectGone, living, orphans, recording } from './scene.ts';

const INDEX = join(dirname(CLI), 'index.js');
let library: typeof Library;

beforeAll(() => {
  library = createRequire(import.meta.url)(INDEX) as typeof Library;
});

test('leaks returns the document of --json', async () => {
  const { json } = aHome();
  const from = recording('plugin-worker-killed');
  const { report } = await json(['leaks', '--from', from]);
  expect(await library.leaks({ from })).toEqual(report);
});

test('every document fits its schema', async () => {
  const { dataDir } = aHome();
  await orphans(dataDir);
  expect(await problemOf(await library.leaks({ dataDir }), 'leaks')).toBeUndefined();
  expect(await problemOf(await library.status({ dataDir }), 'status')).toBeUndefined();
  expect(await problemOf(await library.reap({ dataDir, dryRun: true }), 'reap')).toBeUndefined();
  expect(await problemOf(await library.snapshot({ dataDir }), 'process-snapshot')).toBeUndefined();
  expect(await problemOf(await library.snapshot({ dataDir, redact: true }), 'process-snapshot')).toBeUndefined();
  expect(await problemOf(await library.verify(['true']), 'verify')).toBeUndefined();
});

test('reap ends the leaks of its data dir, and a dry run ends none', async () => {
  const [one, other] = [aHome(), aHome()];
  const left = await orphans(one.dataDir);
  const others = await orphans(other.dataDir);
  const planned = await library.reap({ dataDir: one.dataDir, dryRun: true });
  expect(planned).toMatchObject({ dryRun: true, outcomes: [] });
  expect(new Set(planned.plan.map(({ pid }) => pid))).toEqual(new Set(living(left)));
  expect(await library.reap({ dataDir: one.dataDir, olderThanMs: 3_600_000 })).toMatchObject({ plan: [] });
  const ended = await library.reap({ dataDir: one.dataDir });
  expect(ended.outcomes.map(({ pid }) => pid).sort()).toEqual(planned.plan.map(({ pid }) => pid).sort());
  await expectGone(left);
  expect(living(others)).toHaveLength(2);
});

test('an expected failure is a ClaudeMemError with its code', async () => {
  const dataDir = join(tempDir(), 'missing');
  await expect(library.leaks({ dataDir })).rejects.toBeInstanceOf(library.ClaudeMemError);
  await expect(library.leaks({ dataDir })).rejects.toMatchObject({ code: 'data-dir' });
  await expect(library.leaks({ from: '/nonexistent' })).rejects.toMatchObject({ code: 'snapshot-file' });
  await expect(library.verify([])).rejects.toMatchObject({ code: 'usage' });
});

describe.skipIf(process.platform !== 'linux')('verify', () => {
  const leak = ['sh', '-c', '(setsid env -i PATH="$PATH" sleep 60 &)'];

  test('reports a process that the command left, and ends it if asked', async () => {
    const report = await library.verify(leak, { stdio: 'ignore', reap: true });
    expect(report).toMatchObject({ passed: false, run: { exitCode: 0 }, blindSpot: null });
    expect(report.scenarios[0]?.left).toMatchObject([{ command: 'sleep 60', outcome: 'exited' }]);
  });

  test('a process that the caller starts meanwhile is neither reported nor ended', async () => {
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore', env: { PATH: process.env.PATH } });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    expect(await library.verify(leak, { stdio: 'ignore', reap: true, allow: [/^nothing/y] })).toMatchObject({
      scenarios: [{ left: [{ command: 'sleep 60' }] }],
    });
    expect(bystander.exitCode).toBeNull();
    expect(isAlive(identify(bystander.pid ?? 0)!)).toBe(true);
  });

  test('a command that cannot run is reported', async () => {
    expect(await library.verify(['/nonexistent'])).toMatchObject({ passed: false, error: { code: 'not-found' } });
  });

  test('an abort ends the command', async () => {
    const controller = new AbortController();
    const file = join(tempDir(), 'started');
    const verified = library.verify(['sh', '-c', 'echo $$ > "$0" && exec sleep 60', file], {
      signal: controller.signal,
      stdio: 'ignore',
    });
    await eventually('the command runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '', {});
    controller.abort();
    expect(await verified).toMatchObject({ passed: false, run: { exitCode: null, signal: 'SIGTERM' } });
  });

  test('a caller that is killed takes the command with it', async () => {
    const file = join(tempDir(), 'pid');
    const script = `require(${JSON.stringify(INDEX)}).verify(['sh', '-c', 'echo $$ > "$0" && exec sleep 60', ${JSON.stringify(file)}])`;
    const caller = spawn(process.execPath, ['-e', script], { stdio: 'ignore', env: { ...process.env, ...runMark() } });
    await eventually('the command runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '', {});
    const command = identify(Number(readFileSync(file, 'utf8')))!;
    caller.kill('SIGKILL');
    await eventually('the command has ended', () => !isAlive(command), {});
  });
});

test('the library prints nothing, and lets its process end', async () => {
  const { home, dataDir } = aHome();
  await orphans(dataDir);
  const script = `const { leaks, reap, status, snapshot } = require(${JSON.stringify(INDEX)});
    const dataDir = ${JSON.stringify(dataDir)};
    (async () => { await leaks({ dataDir }); await status({ dataDir }); await snapshot({ dataDir }); await reap({ dataDir }); })();`;
  expect(await runProgram(process.execPath, ['-e', script], { home })).toMatchObject({
    stdout: '',
    stderr: '',
    status: 0,
  });
});
