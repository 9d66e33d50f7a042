import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { spawnPairs, type Pairs } from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { useTempDir } from '../helpers/temp-dir.ts';
import {
  aHome,
  deadTree,
  expectGone,
  homeAt,
  living,
  orphans,
  stored,
  TREE,
  writeManifest,
  writeTreeFile,
} from './scene.ts';
import { outcome, plannedProcess, reapReport, reportedGroup, reportedProcess } from './shapes.ts';

/** Started first, because excess requires an age of 10 s: a younger process may be exiting. */
const excessHome = useTempDir('suite');
let excess: Pairs;
beforeAll(async () => {
  excess = await spawnPairs({ dataDir: homeAt(excessHome()).dataDir });
});
afterAll(() => excess.cleanup());

describe('nothing to reap', () => {
  test('reap exits with 0 and writes nothing, not even a lock, if nothing leaked', async () => {
    const { run, dataDir } = aHome();
    expect(await run(['reap', '--yes'])).toMatchObject({ status: 0, stdout: 'Nothing to reap.\n', stderr: '' });
    writeTreeFile(dataDir, 'note.txt', 'no manifest');
    expect(await run(['reap', '--yes'])).toMatchObject({ status: 0 });
    expect(readdirSync(dataDir)).toEqual(['trees']);
  });

  test('reap --json has every field with an empty plan', async () => {
    const { status, report } = await aHome().json(['reap', '--yes']);
    expect(status).toBe(0);
    expect(report).toEqual(reapReport);
    expect(report).toMatchObject({ dryRun: false, complete: true, plan: [], outcomes: [], remaining: [] });
  });
});

describe('reap --yes', () => {
  test('reap --yes ends orphans, reports each outcome and checks again', async () => {
    const { run, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status, stdout, stderr } = await run(['reap', '--yes']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Will end: 1 chroma-mcp \(uv \+ python\), 2 processes, using \d+ kB\n/);
    expect(stdout).toMatch(
      /^ {2}1 chroma-mcp \(uv \+ python\) left by pid \d+, which is gone: 2 exited within \d+ ms$/m,
    );
    expect(stdout).toContain('2 processes: 2 exited.');
    expect(stdout).toContain('Checked again: none of them is left.');
    await expectGone(left);
    expect(existsSync(join(dataDir, 'operation.lock.holder'))).toBe(false);
  });

  test('reap --verbose lists the evidence and the outcome of every process', async () => {
    const { run, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { stdout } = await run(['reap', '--yes', '--verbose']);
    expect(stdout).toContain('started by the orphaned wrapper');
    for (const pid of left.pids) expect(stdout).toMatch(new RegExp(`^  ${pid} +exited`, 'm'));
  });

  test('reap --yes --json has every field', async () => {
    const { json, dataDir } = aHome();
    const { pids } = await orphans(dataDir);
    const { status, report } = await json(['reap', '--yes']);
    expect(status).toBe(0);
    expect(report).toEqual(reapReport);
    expect(report.plan).toEqual([plannedProcess, plannedProcess]);
    expect(report.groups).toEqual([reportedGroup]);
    expect(report.groups[0]?.memoryBytes).toBeGreaterThan(0);
    expect(report.outcomes).toEqual([outcome, outcome]);
    expect(report.outcomes.map(({ pid }) => pid).sort()).toEqual([...pids].sort());
  });

  test('reap kills a process that ignores SIGTERM after the grace period', async () => {
    const { json, dataDir } = aHome();
    const left = await orphans(dataDir, { onSigterm: 'ignore' });
    const { status, report } = await json(['reap', '--yes', '--grace', '200ms']);
    expect(status).toBe(0);
    expect(report.outcomes.map((item) => item.outcome)).toContain('killed');
    await expectGone(left);
  });

  test('reap spares processes with a living parent, another data dir or no proof', async () => {
    const { json, home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const others = await Promise.all([
      orphans(join(home, 'elsewhere')),
      orphans(dataDir, { marks: false }),
      spawnPairs({ dataDir, marks: true }),
    ]);
    onTestFinished(others[2].cleanup);
    expect((await json(['reap', '--yes'])).status).toBe(0);
    await expectGone(left);
    for (const { pairs } of others)
      expect(pairs.flatMap(({ wrapper, python }) => [wrapper, python]).every(isAlive)).toBe(true);
  });

  test('reap ends a python whose wrapper is gone', async () => {
    const { json, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { wrapper, python } = left.pairs[0]!;
    process.kill(wrapper.pid, 'SIGKILL');
    await eventually('the wrapper is gone', () => !isAlive(wrapper));
    const { report } = await json(['reap', '--yes']);
    expect(report.outcomes).toMatchObject([{ pid: python.pid, outcome: 'exited' }]);
    await expectGone(left);
  });
});

describe('--dry-run', () => {
  test('reap --dry-run shows the plan and the command to carry it out, and ends nothing', async () => {
    const { run, json, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status, stdout } = await run(['reap', '--dry-run', '--older-than', '0s']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Would end: 1 chroma-mcp \(uv \+ python\), 2 processes/);
    expect(stdout).toContain('To carry out the plan:\n  claude-mem reap --older-than 0s\n');
    const { report } = await json(['reap', '--dry-run']);
    expect(report).toEqual(reapReport);
    expect(report).toMatchObject({ dryRun: true, outcomes: [] });
    expect(report.plan).toEqual([plannedProcess, plannedProcess]);
    expect(report.remaining).toEqual([reportedProcess, reportedProcess]);
    expect(living(left)).toHaveLength(2);
    expect(readdirSync(dataDir)).toEqual(['vectors']);
  });
});

describe('the selection of reap', () => {
  test('reap --pid ends only named processes and explains why it skips the others', async () => {
    const { json, dataDir } = aHome();
    const left = await orphans(dataDir, { count: 2 });
    const [first, second] = left.pairs;
    const named = [first!.wrapper.pid, first!.python.pid];
    const { status, report } = await json(['reap', '--yes', '--pid', ...named.map(String), '1', '4194303']);
    expect(status).toBe(0);
    expect(report.outcomes.map(({ pid }) => pid)).toEqual(named);
    expect(report.skipped).toEqual([
      { pid: 1, reason: 'not a claude-mem process' },
      { pid: 4194303, reason: 'no such process' },
    ]);
    expect([second!.wrapper, second!.python].every(isAlive)).toBe(true);
  });

  test('reap --older-than skips younger processes and says so', async () => {
    const { run, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status, stdout } = await run(['reap', '--yes', '--older-than', '1h']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Nothing to reap\.\n\nNot in the plan:\n {2}\d+(?:, \d+)? {2}orphan, but only \d+ s old/);
    expect(living(left)).toHaveLength(2);
  });
});

describe('manifests', () => {
  test('reap retires a dead tree without processes, once', async () => {
    const { json, dataDir } = aHome();
    const file = deadTree(dataDir);
    const { status, report } = await json(['reap', '--yes']);
    expect(status).toBe(0);
    expect(report.tidied).toEqual(['Retired the manifest of tree 11111111: all its processes are gone.']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      treeId: TREE,
      retiredAt: expect.any(String) as unknown,
    });
    const again = await json(['reap', '--yes']);
    expect(again).toMatchObject({ status: 0, report: { tidied: [], outcomes: [] } });
    expect((await json(['leaks'])).report.staleEntries).toEqual([]);
  });

  test('reap ends the processes of a dead tree and retires it in the same run', async () => {
    const { json, dataDir } = aHome();
    const left = await orphans(dataDir, { marks: { treeId: TREE } });
    const { wrapper } = left.pairs[0]!;
    const identity = stored(wrapper);
    deadTree(dataDir, [{ role: 'chroma-sync', identity, command: ['uv'], registeredAt: identity.startedAt }]);
    const { status, report } = await json(['reap', '--yes']);
    expect(status).toBe(0);
    expect(report.outcomes).toHaveLength(2);
    expect(report.tidied).toHaveLength(1);
    await expectGone(left);
  });

  test('reap sets a damaged manifest aside and finds its processes by their marks', async () => {
    const { run, dataDir } = aHome();
    const left = await orphans(dataDir, { marks: { treeId: TREE } });
    const file = writeTreeFile(dataDir, `${TREE}.json`, '{"torn');
    const { status, stderr } = await run(['reap', '--yes']);
    expect(status).toBe(4);
    expect(stderr).toBe(`Set aside a damaged manifest: ${file}.damaged-1\n`);
    expect(readdirSync(join(dataDir, 'trees'))).toEqual([`${TREE}.json.damaged-1`]);
    await expectGone(left);
    expect(await run(['leaks'])).toMatchObject({ status: 0 });
  });

  test('reap never changes a manifest of a newer version', async () => {
    const { run, dataDir } = aHome();
    const content = JSON.stringify({ schemaVersion: 2, treeId: TREE });
    const file = writeTreeFile(dataDir, `${TREE}.json`, content);
    expect(await run(['reap', '--yes'])).toMatchObject({
      status: 4,
      stdout: 'Nothing to reap, but the reading is incomplete.\n',
    });
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(dataDir)).toEqual(['trees']);
  });
});

test('an interrupt ends the wait for a held operation lock', async () => {
  const { dataDir, run } = aHome();
  const left = await orphans(dataDir);
  const { acquireLock } = await import('../../src/state/locks/lock.ts');
  const lock = await acquireLock(join(dataDir, 'operation.lock'), {
    waitMs: 0,
    holder: { pid: process.pid, command: 'claude-mem test' },
  });
  try {
    const running = run(['reap', '--yes'], { timeoutMs: 20_000 });
    const child = await eventually('it waits for the lock', () => waitingFor(join(dataDir, 'operation.lock')));
    process.kill(child, 'SIGINT');
    const { status, stderr } = await running;
    expect(status).toBe(130);
    expect(stderr).toContain('Interrupted.');
    expect(living(left)).toHaveLength(2);
  } finally {
    lock.release();
  }
});

test('reap ends excess processes only with --include excess', async () => {
  const { json, dataDir } = homeAt(excessHome());
  const live = excess;
  const owner = stored(live.parent);
  const { wrapper, python } = live.pairs[0]!;
  const past = { owner, command: ['uv'], registeredAt: owner.startedAt, endedAt: owner.startedAt };
  writeManifest(dataDir, {
    entries: [
      { role: 'supervisor', identity: owner, command: ['node', 'supervisor.js'], registeredAt: owner.startedAt },
      { ...past, role: 'chroma-sync', identity: stored(wrapper) },
      { ...past, role: 'chroma-sync', identity: stored(python) },
    ],
  });
  // A replacement starts before its predecessor has exited, so a process younger than 10 s is not excess.
  await eventually('it is old enough', async () => (await json(['leaks'])).report.summary.excess === 2, {
    withinMs: 20_000,
  });
  const left = await json(['reap', '--yes']);
  expect(left).toMatchObject({ status: 0, report: { plan: [], outcomes: [] } });
  expect(left.report.skipped[0]?.reason).toContain('--include excess');
  expect(isAlive(wrapper)).toBe(true);

  const { status, report } = await json(['reap', '--yes', '--include', 'excess']);
  expect(status).toBe(0);
  expect(report.outcomes).toHaveLength(2);
  await eventually('both are gone', () => !isAlive(wrapper) && !isAlive(python));
  expect(isAlive(live.parent)).toBe(true);
});

/** Finds the pid of another process that has a file open. */
function waitingFor(file: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .find((pid) => openFilesOf(pid).includes(file));
}

function openFilesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // The process has exited meanwhile.
    return [];
  }
}
