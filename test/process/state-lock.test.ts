import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquireLock, isLockFree } from '../../src/state/locks/lock.ts';
import { writeLockHolder } from '../../src/state/locks/lock-holder.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { anError } from '../state/an-error.ts';
import {
  ask,
  buildStateProgram,
  expectOneWinnerEach,
  killAndWait,
  startLocker,
  withStartedLockers,
} from './state-processes.ts';

const RACERS = 4;
const REQUEST = { waitMs: 0, holder: { pid: process.pid, command: 'test' } };

let program: ReturnType<typeof buildStateProgram>;
beforeAll(() => {
  program = buildStateProgram();
});
afterAll(() => {
  program.remove();
});

const withLockers = (count: number, use: (lockers: ChildProcess[]) => Promise<void>) =>
  withStartedLockers(program.file, count, use);

test(`exactly one of ${RACERS} simultaneous processes gets the lock, ten times`, async () => {
  await withLockers(RACERS, (lockers) => expectOneWinnerEach(lockers, 10));
});

test(`each of ${RACERS} waiting processes gets the lock, one after the other`, async () => {
  const take = join(tempDir(), 'operation.lock');
  await withLockers(RACERS, async (lockers) => {
    let owners = 0;
    const turns = lockers.map(async (locker) => {
      expect(await ask(locker, { take, waitMs: 20_000 })).toEqual({ taken: true });
      owners += 1;
      expect(owners).toBe(1);
      // Decremented first, because the next holder may be done before the release is answered.
      owners -= 1;
      await ask(locker, { release: true });
    });
    await Promise.all(turns);
  });
});

test('a wait starts again when the holder changes, up to a limit', async () => {
  const take = join(tempDir(), 'operation.lock');
  await withLockers(1, async ([holder]) => {
    if (holder === undefined) throw new Error('no holder');
    await ask(holder, { take, waitMs: 0 });
    let turns = 0;
    const passing = setInterval(() => {
      turns += 1;
      writeLockHolder(take, { pid: turns, command: 'claude-mem start', since: String(turns) });
    }, 20);
    try {
      // A holder that never changes is waited for once; after ten holders the wait ends.
      await eventually('ten turns were waited for', async () => {
        // A machine that stalls for 100 ms shows no change of holder; the test then retries.
        const before = turns;
        await expect(acquireLock(take, { ...REQUEST, waitMs: 100 })).rejects.toThrow(anError('lock-held'));
        return turns > before + 10;
      });
      const waiting = acquireLock(take, { ...REQUEST, waitMs: 200 });
      const seen = turns;
      await eventually('more turns have passed than one waits for', () => turns > seen + 30);
      await ask(holder, { release: true });
      (await waiting).release();
    } finally {
      clearInterval(passing);
    }
  });
});

test('a lock names its holder until the holder is killed, and is then free', async () => {
  const take = join(tempDir(), 'supervisor.lock');
  await withLockers(1, async ([holder]) => {
    if (holder === undefined) throw new Error('no holder');
    for (let round = 0; round < 2; round += 1) {
      const victim = startLocker(program.file);
      try {
        expect(await ask(victim, { take, waitMs: 0 })).toEqual({ taken: true });
        expect(await isLockFree(take)).toBe(false);
        const named = new RegExp(`held by pid ${String(victim.pid)} \\(claude-mem start\\) since \\d{4}-`);
        await expect(acquireLock(take, { ...REQUEST, waitMs: 50 })).rejects.toThrow(anError('lock-held', named));
        const waiting = ask(holder, { take, waitMs: 20_000 });
        await killAndWait(victim);
        expect(await waiting).toEqual({ taken: true });
        await ask(holder, { release: true });
        expect(await isLockFree(take)).toBe(true);
      } finally {
        await killAndWait(victim);
      }
    }
  });
});

test('a holder without a record is reported as unknown', async () => {
  const take = join(tempDir(), 'supervisor.lock');
  await withLockers(1, async ([holder]) => {
    if (holder === undefined) throw new Error('no holder');
    await ask(holder, { take, waitMs: 0 });
    rmSync(`${take}.holder`);
    await expect(acquireLock(take, REQUEST)).rejects.toThrow(/held by an unknown process/);
  });
});

test('checks and refused attempts do not take the lock from its holder', async () => {
  const take = join(tempDir(), 'supervisor.lock');
  const lock = await acquireLock(take, REQUEST);
  await expect(acquireLock(take, REQUEST)).rejects.toThrow(/this process \(pid \d+\) already holds or awaits/);
  expect(await isLockFree(take)).toBe(false);
  await withLockers(1, async ([other]) => {
    if (other === undefined) throw new Error('no other');
    expect(await ask(other, { take, waitMs: 100 })).toMatchObject({ refused: 'lock-held' });
    lock.release();
    expect(await ask(other, { take, waitMs: 1000 })).toEqual({ taken: true });
  });
});

test('a lock stays held if its handle is not kept', async () => {
  const take = join(tempDir(), 'supervisor.lock');
  await acquireLock(take, REQUEST);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  await withLockers(1, async ([other]) => {
    if (other === undefined) throw new Error('no other');
    expect(await ask(other, { take, waitMs: 100 })).toMatchObject({ refused: 'lock-held' });
  });
});

test('an interrupted wait ends immediately', async () => {
  const take = join(tempDir(), 'operation.lock');
  await withLockers(1, async ([holder]) => {
    if (holder === undefined) throw new Error('no holder');
    await ask(holder, { take, waitMs: 0 });
    const signal = AbortSignal.timeout(50);
    await expect(acquireLock(take, { ...REQUEST, waitMs: 60_000, signal })).rejects.toThrow(anError('interrupted'));
  });
});

test('a child does not inherit the lock', async (context) => {
  if (process.platform !== 'linux') context.skip('reads /proc');
  const take = join(tempDir(), 'supervisor.lock');
  const lock = await acquireLock(take, REQUEST);
  await withLockers(1, async ([child]) => {
    if (child === undefined) throw new Error('no child');
    // It answers, so it is past its exec.
    await ask(child, { release: true });
    const isLock = (target: string): boolean => target.startsWith(take);
    expect(openFiles(process.pid).filter(isLock)).toEqual([take]);
    expect(openFiles(child.pid ?? 0).filter(isLock)).toEqual([]);
    lock.release();
    expect(openFiles(process.pid).filter(isLock)).toEqual([]);
    expect(await ask(child, { take, waitMs: 0 })).toEqual({ taken: true });
    expect(readFileSync(take, 'utf8')).toBe('');
  });
});

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      // Closed meanwhile, like the descriptor that lists this folder.
      return [];
    }
  });
}
