import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { SpawnRecorder, type FoundSite } from '../../src/wiring/spawn-sites.ts';
import { runMark } from '../helpers/run-mark.ts';

const HERE = fileURLToPath(import.meta.url);

function aRecorder(currentTest: () => string | undefined = () => undefined): SpawnRecorder {
  const recorder = new SpawnRecorder(currentTest);
  onTestFinished(() => {
    recorder.stop();
  });
  return recorder;
}

function startSleep(): number {
  const child = spawn('sleep', ['60'], { stdio: 'ignore', env: { ...process.env, ...runMark() } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

/** A row that started `afterMs` from now. */
function aRow(row: Partial<ProcessRow>, afterMs = 0): ProcessRow {
  const startedAt = new Date(Date.now() + afterMs).toISOString();
  return { pid: 9_000_001, ppid: 1, name: 'x', command: 'x', startedAt, ...row };
}

function siteOf(recorder: SpawnRecorder, ...rows: Rows): FoundSite | undefined {
  return recorder.siteOf(rows[0], new Map(rows.map((row) => [row.pid, row])));
}

test('a spawned process has the file and the line of its spawn, and the test', () => {
  const recorder = aRecorder(() => 'a test');
  const pid = startSleep();
  expect(recorder.pids()).toEqual(new Set([pid]));
  expect(siteOf(recorder, aRow({ pid }))).toMatchObject({
    place: expect.stringMatching(new RegExp(`^${HERE.replaceAll('.', '\\.')}:\\d+:\\d+$`)) as string,
    ...{ test: 'a test', foundBy: 'descent' },
  });
});

type Rows = readonly [ProcessRow, ...ProcessRow[]];

test.each<[string, (id: number) => Rows]>([
  ['parent', (pid) => [aRow({ ppid: 9_000_002 }), aRow({ pid: 9_000_002, ppid: pid }), aRow({ pid })]],
  ['session', (sid) => [aRow({ sid })]],
  ['process group', (pgid) => [aRow({ pgid })]],
])('a descendant is recognized by its %s', (_, rows) => {
  const recorder = aRecorder();
  const pid = startSleep();
  startSleep();
  expect(siteOf(recorder, ...rows(pid))?.foundBy).toBe('descent');
});

test('a process without a link belongs to the only child that ran when it started', () => {
  const recorder = aRecorder();
  startSleep();
  expect(siteOf(recorder, aRow({}))?.foundBy).toBe('time');
});

test('a process without a link has no place if two children ran when it started, or none', async () => {
  const recorder = aRecorder();
  await once(spawn('true'), 'exit');
  expect(siteOf(recorder, aRow({}, 10_000))).toBeUndefined();
  startSleep();
  startSleep();
  expect(siteOf(recorder, aRow({}))).toBeUndefined();
});

test('a process that is older than the spawn with its pid has no place', () => {
  const recorder = aRecorder();
  const pid = startSleep();
  expect(siteOf(recorder, aRow({ pid }, -10_000))).toBeUndefined();
});

test('a stopped recorder records nothing', () => {
  const recorder = aRecorder();
  recorder.stop();
  startSleep();
  expect(recorder.pids()).toEqual(new Set());
});
