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
/** Windows gives a free pid to threads, too, and to processes that others start: any of several may become one of this test's. */
const FAMILIES = 4;

test('a bound process keeps its pid until it is released, and a process that gets the pid later is neither bound nor a parent', async () => {
  const native = loadWindowsNative()!;
  const { signaller, table } = await loadPlatform();
  const standIns = new StandIns(join(createTempDir().path, 'reused'));
  const families: { row: ProcessRow; child: ProcessRow; release: () => void }[] = [];
  for (let count = 0; count < FAMILIES; count += 1) families.push(await bereave());
  expect(await findReuse(100)).toBeUndefined();

  for (const { release } of families) release();
  const found = await findReuse(MOST_PROCESSES);
  const { row, child } = families.find((family) => family.row.pid === found?.pid) ?? {};
  if (row === undefined || child === undefined) throw new Error('no pid was used again');
  expect(signaller.bind(row, { compareCommand: false })).toBe('different');
  const later = await snapshot();
  expect(new ProcessIndex(later).parentOf(child)).toBeUndefined();
  expect(adoptionOf(child, new ProcessIndex(later))).toBe(`its parent pid ${row.pid} is gone`);
  found?.kill();
  await standIns.endAll();

  /** Starts a parent with a child, and ends the parent, whose pid stays taken until its release. */
  async function bereave() {
    const parent = standIns.start('bun', [`"${standIns.path('python')}" waits`]);
    const [orphan] = await standIns.below(parent.pid, 1);
    const dead = (await snapshot()).processes.find(({ pid }) => pid === parent.pid)!;
    const bound = signaller.bind(dead, { compareCommand: true });
    if (typeof bound === 'string') throw new Error(bound);
    // A handle held by anybody keeps the pid, and a dead process with a handle is no parent.
    const held = openProcess(native, dead.pid, RIGHTS.query);
    expect(bound.signal('SIGKILL')).toBe('sent');
    await kill(parent);
    expect(bound.state()).toBe('gone');
    expect(bound.signal('SIGKILL')).toBe('gone');
    expect(signaller.bind(dead, { compareCommand: false })).toBe('gone');
    expect(adoptionOf(orphan!, new ProcessIndex(await snapshot()))).toBe(`its parent pid ${dead.pid} is gone`);
    const release = () => {
      bound.close();
      native.close(Number(held));
    };
    return { row: dead, child: orphan!, release };
  }

  function snapshot() {
    return table.snapshot({ dataDir: String.raw`C:\nowhere`, recordedPids: new Set<number>(), memory: false });
  }

  /** Starts processes, and ends them again, until one has the pid of a dead parent. */
  async function findReuse(most: number) {
    for (let count = 0; count < most; count += 1) {
      const candidate = spawn(standIns.path('uv'), [], { stdio: 'ignore' });
      if (families.some(({ row }) => row.pid === candidate.pid)) return candidate;
      await kill(candidate);
    }
    return undefined;
  }
});
