import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/operations/ports/process.ts';
import { MODEL_FILES } from '../../src/chroma/embedding-model.ts';
import { parentDeathPrefix } from '../../src/chroma/parent-death.ts';
import { isLockFree } from '../../src/state/locks/lock.ts';
import { startRealChroma } from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { type AvailableStack, describeWithChroma } from '../helpers/semantic-stack.ts';
import { createTempDir, tempDir } from '../helpers/temp-dir.ts';
import { found, marked, syncHarness } from './chroma-harness.ts';

/** Kills by the pid that the code under test returned: its own child or grandchild. */
function kill(pid: number | null): void {
  if (pid === null) throw new Error('there is no such process');
  process.kill(pid, 'SIGKILL');
}

describeWithChroma('a Chroma that dies', (stack) => {
  test.each(['wrapper', 'python'] as const)(
    'after the %s is killed the other process ends too, and the next request starts a new pair',
    async (which) => {
      const { open, remember, filled, running, gone, ended } = await syncHarness(stack, {
        timing: { firstRetryMs: 200 },
      });
      const cat = remember('a cat sleeps on the sofa');
      const sync = open();
      sync.wake();
      await filled(sync);
      const { wrapperPid, pythonPid } = sync.status();
      kill(which === 'wrapper' ? wrapperPid : pythonPid);
      await gone();
      await eventually('both ends are recorded', () => ended.length === 2);
      expect(sync.status().reason).toMatch(/^chroma-mcp ended with /);
      expect(sync.status().wrapperPid).toBeNull();
      // Without a request nothing is started.
      await sleep(400);
      expect(running().size).toBe(0);
      expect(await found(sync, 'an animal')).toEqual([cat]);
      expect(running().size).toBe(2);
    },
  );

  test('stores every document once although Chroma is killed repeatedly while writing', async () => {
    const { open, remember, filled } = await syncHarness(stack, { timing: { firstRetryMs: 50, longestRetryMs: 100 } });
    const ids = Array.from({ length: 30 }, (_, index) =>
      remember(`note ${index}: the train number ${index} was late again`),
    );
    const sync = open();
    sync.wake();
    for (const [round, pending] of [28, 20, 10].entries()) {
      await eventually('a part is written', () => sync.status().state === 'ready' && sync.status().pending <= pending, {
        withinMs: 60_000,
      });
      const { wrapperPid, pythonPid } = sync.status();
      kill(round === 1 ? wrapperPid : pythonPid);
    }
    await filled(sync);
    const all = await found(sync, 'delayed railway', 100);
    expect(all.toSorted((left, right) => left - right)).toEqual(ids);
  });

  test('leaves nothing after SIGKILL to the host if the system has a parent-death signal', async (context) => {
    if ((await parentDeathPrefix(process.platform)).length === 0) context.skip('no setpriv --pdeathsig');
    const dataDir = tempDir();
    const treeId = 'f1e0a5c2-7d1b-4c39-9a44-52f0a1b2c3d4';
    const host = startHost(stack, dataDir, treeId);
    await host.says((status) => status.state === 'ready');
    expect(marked(treeId).size).toBe(2);
    host.child.kill('SIGKILL');
    await eventually('nothing is left', () => marked(treeId).size === 0, { withinMs: 2_000 });
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(true);
  });

  test('leaves nothing if the host is killed while Chroma starts', async (context) => {
    if ((await parentDeathPrefix(process.platform)).length === 0) context.skip('no setpriv --pdeathsig');
    const treeId = 'f1e0a5c2-7d1b-4c39-9a44-52f0a1b2c3d5';
    for (const delayMs of [0, 60, 200, 500]) {
      const host = startHost(stack, tempDir(), treeId);
      await eventually('it starts', () => marked(treeId).size > 0);
      await sleep(delayMs);
      host.child.kill('SIGKILL');
      await eventually('nothing is left', () => marked(treeId).size === 0, { withinMs: 5_000 });
    }
  });

  test('a second host on one data dir learns who holds the vectors, and gets them afterwards', async () => {
    const { open, remember, state, dataDir, running } = await syncHarness(stack, { timing: { ownedRetryMs: 100 } });
    const cat = remember('a cat sleeps on the sofa');
    const host = startHost(stack, dataDir, 'f1e0a5c2-7d1b-4c39-9a44-52f0a1b2c3d6');
    await host.says((status) => status.state === 'ready' && status.pending === 0);
    const sync = open();
    const answer = await sync.query({ text: 'an animal', limit: 1, waitMs: 5_000 });
    expect(answer).toMatchObject({
      available: false,
      reason: expect.stringContaining(`held by pid ${host.child.pid}`) as string,
    });
    expect(running().size).toBe(0);
    host.child.kill('SIGTERM');
    await once(host.child, 'exit');
    await sleep(100);
    expect(await found(sync, 'an animal')).toEqual([cat]);
    await state(sync, 'ready');
  });

  test('opens nothing beside a chroma-mcp that does not use the lock', async () => {
    const { open, running, harness, dataDir } = await syncHarness(stack, { timing: { ownedRetryMs: 50 } });
    const stranger = await startRealChroma(stack, { dataDir });
    onTestFinished(() => stranger.cleanup());
    const sync = open();
    const answer = await sync.query({ text: 'an animal', limit: 1, waitMs: 5_000 });
    expect(answer).toMatchObject({
      available: false,
      reason: expect.stringMatching(/another Chroma, pid \d+ .*, has the vectors open/) as string,
    });
    expect(harness.orphanPasses).toBe(1);
    expect(running().size).toBe(0);
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(true);
    await stranger.cleanup();
    await sleep(60);
    expect(await sync.query({ text: 'an animal', limit: 1, waitMs: 20_000 })).toEqual({ available: true, matches: [] });
  });

  interface HostStatus {
    readonly state: string;
    readonly pending: number;
  }

  let program: { readonly file: string; readonly remove: () => void };
  beforeAll(() => {
    program = buildHost();
  });
  afterAll(() => {
    program.remove();
  });

  function startHost({ env, constraints }: AvailableStack, dataDir: string, treeId: string) {
    const child: ChildProcess = spawn(process.execPath, [program.file, dataDir, constraints, treeId], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const said: HostStatus[] = [];
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as HostStatus));
    }
    const says = (isIt: (status: HostStatus) => boolean) =>
      eventually('the host says so', () => said.some(isIt), { withinMs: 30_000, dump: () => said });
    return { child, says };
  }
});

/** Bundled into one file, like dist/worker.js. */
function buildHost() {
  const folder = createTempDir();
  const file = join(folder.path, 'host.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('./chroma-host.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['libsql', 'koffi'],
    banner: {
      js: "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);",
    },
  });
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder.path, 'node_modules'));
  return {
    file,
    remove: () => {
      folder.remove();
    },
  };
}

describe('a faulty uvx', () => {
  /** A home with a fake model, so that only uvx fails. */
  async function withUvx(script: string, timing: Record<string, number> = {}, clock?: Clock) {
    const folder = tempDir();
    const model = join(folder, '.cache', 'chroma', 'onnx_models', 'all-MiniLM-L6-v2', 'onnx');
    mkdirSync(model, { recursive: true });
    for (const name of MODEL_FILES) writeFileSync(join(model, name), 'x');
    const uvx = join(folder, 'uvx');
    const spawns = join(folder, 'spawns');
    writeFileSync(uvx, `#!/bin/sh\necho "$@" >> '${spawns}'\n${script}\n`);
    chmodSync(uvx, 0o755);
    const env = { PATH: process.env.PATH, HOME: folder };
    const none = { env: {}, constraints: '/constraints.txt' } as unknown as AvailableStack;
    const harness = await syncHarness(none, {
      env,
      settings: { uvx },
      timing,
      ...(clock === undefined ? {} : { clock }),
    });
    const spawned = (): readonly string[] =>
      existsSync(spawns) ? readFileSync(spawns, 'utf8').trim().split('\n') : [];
    return { ...harness, spawned, folder };
  }

  test('a faulty uvx that hangs does not delay searches and is ended at the deadline', async () => {
    const { open, spawned, gone, state } = await withUvx('exec sleep 60', { connectMs: 700 });
    const sync = open();
    for (let query = 0; query < 5; query += 1) {
      expect(await sync.query({ text: 'x', limit: 1 })).toMatchObject({
        available: false,
        reason: 'Chroma is starting',
      });
    }
    await state(sync, 'unavailable');
    await gone();
    expect(sync.status().reason).toMatch(/did not answer within 0\.7 s of its start; next attempt in \d+ s/);
    expect(spawned()).toHaveLength(1);
  });

  test('a faulty uvx that does not speak MCP is ended with a reason', async () => {
    const { open, gone, state } = await withUvx('while :; do echo hello; sleep 0.1; done', { connectMs: 700 });
    const sync = open();
    sync.wake();
    await state(sync, 'unavailable');
    await gone();
  });

  test('a faulty uvx that fails is reported with its output and retried with growing pauses', async () => {
    const { open, spawned, state } = await withUvx('echo "error: the disk is on fire" >&2; exit 3', {
      firstRetryMs: 400,
    });
    const sync = open();
    const until = performance.now() + 1_300;
    while (performance.now() < until) {
      expect(await sync.query({ text: 'x', limit: 1 })).toMatchObject({ available: false });
      sync.observationsAdded();
      await sleep(5);
    }
    await state(sync, 'unavailable');
    expect(sync.status().reason).toContain('chroma-mcp ended with exit code 3: error: the disk is on fire');
    // At 0, 0.4 and 1.2 s.
    expect(spawned().length).toBeGreaterThanOrEqual(2);
    expect(spawned().length).toBeLessThanOrEqual(3);
  });

  test('retries waiting documents even if the timer fires early', async () => {
    // A clock slower than the timers simulates a timer that fires a fraction of a millisecond early.
    const clock = { now: () => performance.now() * 0.9, date: () => new Date(), sleep };
    const { open, spawned, remember } = await withUvx('exit 3', { firstRetryMs: 50, longestRetryMs: 50 }, clock);
    remember('it waits');
    const sync = open();
    sync.wake();
    await eventually('a third attempt is made, by itself', () => spawned().length >= 3, { withinMs: 20_000 });
  });

  test('a faulty uvx that ignores SIGTERM is killed with its child', async () => {
    const script = `trap '' TERM\nsh -c "trap '' TERM; while :; do sleep 0.2; done" &\nwhile :; do sleep 0.2; done`;
    const { open, gone, running, logged } = await withUvx(script, { connectMs: 500 });
    const sync = open();
    sync.wake();
    await eventually('it runs', () => running().size >= 2);
    await eventually('it was ended', () => logged.some((line) => line.includes('Chroma is not available')), {
      withinMs: 15_000,
    });
    await gone();
  });

  test('closing during its start ends it without waiting', async () => {
    const { open, running, logged } = await withUvx('exec sleep 60', { connectMs: 60_000 });
    const sync = open();
    sync.wake();
    await eventually('it runs', () => running().size > 0);
    const startedAt = performance.now();
    await sync.close(5_000);
    expect(running().size).toBe(0);
    // Long before any deadline: the handshake was aborted.
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(sync.status().state).toBe('closed');
    expect(logged.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  test('missing packages are downloaded once, recorded as setup, then Chroma connects', async () => {
    const script = `case "$*" in
      *--offline*) echo "error: chroma-mcp was not found in the cache" >&2; exit 1;;
      *--help*) exit 0;;
      *) echo "error: the end of this test" >&2; exit 7;;
    esac`;
    const { open, spawned, state, registered } = await withUvx(script);
    const sync = open();
    sync.wake();
    await state(sync, 'unavailable');
    expect(spawned().map((args) => [args.includes('--offline'), args.includes('--help')])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(registered.map(({ role }) => role)).toEqual(['chroma-sync', 'setup', 'chroma-sync']);
    expect(sync.status().reason).toContain('the end of this test');
  });

  test('a download that takes too long is ended, and closing ends a running one', async () => {
    const script = `case "$*" in *--offline*) echo "not found in the cache" >&2; exit 1;; *) exec sleep 60;; esac`;
    const slow = await withUvx(script, { prewarmMs: 300 });
    const sync = slow.open();
    sync.wake();
    await slow.state(sync, 'unavailable');
    await slow.gone();
    expect(sync.status().reason).toContain("downloading Chroma's packages took longer than 0.3 s");

    const other = await withUvx(script);
    const closing = other.open();
    closing.wake();
    await eventually('it fetches', () => closing.status().reason?.includes("downloading Chroma's packages"));
    await eventually('the fetch runs', () =>
      [...other.running().values()].some((command) => command.includes('sleep')),
    );
    await closing.close(5_000);
    expect(other.running().size).toBe(0);
  });

  test('a missing part is named immediately, and nothing is started', async () => {
    const { open, spawned, folder, dataDir } = await withUvx('exit 1');
    rmSync(join(folder, '.cache'), { recursive: true });
    const sync = open();
    expect(await sync.query({ text: 'x', limit: 1 })).toMatchObject({
      available: false,
      reason: expect.stringMatching(/^the embedding model is missing \(.*\); run claude-mem setup$/) as string,
    });
    rmSync(join(folder, 'uvx'));
    expect(sync.status()).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('CLAUDE_MEM_UVX is') as string,
    });
    expect(spawned()).toEqual([]);
    expect(existsSync(join(dataDir, 'vectors.lock'))).toBe(false);
  });
});
