import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { adoptionOf } from '../../src/core/process/adopter.ts';
import { ProcessIndex } from '../../src/core/process/process-index.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { loadWindowsNative } from '../../src/platform/windows/native/load-native.ts';
import { openProcess, RIGHTS } from '../../src/platform/windows/native/process-handle.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { kill, StandIns } from './stand-ins.ts';

/** Windows reuses pids soon; this many new processes did not fail to get one. */
const MOST_PROCESSES = 1_000;

test('a bound process keeps its pid until it is released, and a process that gets the pid later is neither bound nor a parent', async () => {
  const native = loadWindowsNative()!;
  const { signaller, table } = await loadPlatform();
  const standIns = new StandIns(join(createTempDir().path, 'reused'));
  const parent = standIns.start('bun', [`"${standIns.path('python')}" waits`]);
  const [child] = await standIns.below(parent.pid, 1);
  const row = (await snapshot()).processes.find(({ pid }) => pid === parent.pid)!;

  const bound = signaller.bind(row, { compareCommand: true });
  if (typeof bound === 'string') throw new Error(bound);
  // A handle held by anybody keeps the pid, and a dead process with a handle is no parent.
  const held = openProcess(native, row.pid, RIGHTS.query);
  expect(bound.signal('SIGKILL')).toBe('sent');
  await kill(parent);
  expect(bound.state()).toBe('gone');
  expect(bound.signal('SIGKILL')).toBe('gone');
  expect(signaller.bind(row, { compareCommand: false })).toBe('gone');
  expect(adoptionOf(child!, new ProcessIndex(await snapshot()))).toBe(`its parent pid ${row.pid} is gone`);
  expect(await findReuse(row.pid, 100)).toBeUndefined();

  bound.close();
  native.close(Number(held));
  const impostor = await findReuse(row.pid, MOST_PROCESSES);
  expect(impostor?.pid).toBe(row.pid);
  expect(signaller.bind(row, { compareCommand: false })).toBe('different');
  const later = await snapshot();
  expect(new ProcessIndex(later).parentOf(child!)).toBeUndefined();
  expect(adoptionOf(child!, new ProcessIndex(later))).toBe(`its parent pid ${row.pid} is gone`);
  impostor?.kill();
  await standIns.endAll();

  function snapshot() {
    return table.snapshot({ dataDir: String.raw`C:\nowhere`, recordedPids: new Set<number>(), memory: false });
  }

  /** Starts processes, and ends them again, until one has the pid. */
  async function findReuse(pid: ProcessRow['pid'], most: number) {
    for (let count = 0; count < most; count += 1) {
      const candidate = spawn(standIns.path('uv'), [], { stdio: 'ignore' });
      if (candidate.pid === pid) return candidate;
      await kill(candidate);
    }
    return undefined;
  }
});
