import { describe, expect, test, vi } from 'vitest';
import { runGuard, type GuardLogLine, type RunGuardPorts } from '../../../src/operations/guard/run-guard.ts';
import type { TreeFiles } from '../../../src/operations/tree/tidy-trees.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { python, uv } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';
import { FakeStore } from './fake-guard.ts';

const pair = (pid: number) => [uv(pid, 1, { sid: 99 }), python(pid + 1, pid, { sid: 99 })];

function aRunOn(fake: FakeMachine, more: Partial<RunGuardPorts> = {}) {
  const store = new FakeStore();
  const log: GuardLogLine[] = [];
  const taken = vi.fn();
  const ports: RunGuardPorts = {
    observe: () => fake.observe(),
    clock: fake.clock,
    loadSignaller: () => Promise.resolve(fake.signaller),
    loadTrees: () => ({ putRetiredAway: () => undefined }) as unknown as TreeFiles,
    underOperationLock: (action) => {
      taken();
      return action();
    },
    ...{ readState: store.readState, writeState: store.writeState, log: (line) => void log.push(line) },
    ...more,
  };
  return { store, log, taken, run: () => runGuard(ports, { include: [], graceMs: 1_000 }) };
}

describe('one run of the guard', () => {
  test('with nothing to end it takes no lock, logs nothing and stores the run', async () => {
    const { store, log, taken, run } = aRunOn(new FakeMachine());
    expect(await run()).toMatchObject({ run: { result: 'ok', endedCount: 0, error: null }, lines: [] });
    expect(log).toEqual([]);
    expect(taken).not.toHaveBeenCalled();
    expect(store.state).toMatchObject({ lastRun: { result: 'ok' }, lastEnding: null, runs: 1, endedTotal: 0 });
  });

  test('it ends what reap ends, and stores and logs each process', async () => {
    const fake = new FakeMachine(pair(200));
    const { store, log, run } = aRunOn(fake);
    const { run: done } = await run();
    expect(done).toMatchObject({ result: 'ok', endedCount: 2, remaining: 0 });
    expect(done.processes.map(({ pid, outcome }) => [pid, outcome])).toEqual([
      [200, 'exited'],
      [201, 'exited'],
    ]);
    expect(log.map(({ level, message }) => `${level}: ${message}`).join('\n')).toMatch(
      /info: .*uv 200, orphan.*: exited \(SIGTERM, \d+ ms\)/,
    );
    expect(store.state).toMatchObject({ lastEnding: { endedCount: 2 }, endedTotal: 2 });
    await run();
    expect(store.state).toMatchObject({
      lastRun: { endedCount: 0 },
      lastEnding: { endedCount: 2 },
      runs: 2,
      endedTotal: 2,
    });
  });

  test('the log has no command line', async () => {
    const fake = new FakeMachine(
      pair(200).map((row) => ({
        ...row,
        command: `${row.command} --token s3cret`,
        argv: [...(row.argv ?? []), '--token', 's3cret'],
      })),
    );
    const { store, log, run } = aRunOn(fake);
    await run();
    expect(JSON.stringify([log, store.state])).not.toContain('s3cret');
  });

  test('a lock that another command holds is a stored failure, not an exception', async () => {
    const held = new ClaudeMemError('lock-held', 'claude-mem start (pid 7) holds the lock', { hint: 'Wait.' });
    const { store, log, run } = aRunOn(new FakeMachine(pair(200)), { underOperationLock: () => Promise.reject(held) });
    expect(await run()).toMatchObject({ run: { result: 'failed', error: { code: 'lock-held', hint: 'Wait.' } } });
    expect(log).toEqual([
      { level: 'error', message: 'The guard could not run: claude-mem start (pid 7) holds the lock' },
    ]);
    expect(store.state?.lastRun.result).toBe('failed');
  });

  test('a full disk keeps no leak alive, and is reported', async () => {
    const fake = new FakeMachine(pair(200));
    const { store, run } = aRunOn(fake);
    store.isFull = true;
    const { run: done, lines } = await run();
    expect(done).toMatchObject({ result: 'failed', endedCount: 2 });
    expect(lines.at(-1)?.message).toBe('Could not store the result of this run: no space left on the device (ENOSPC)');
  });

  test('a process that survives leaves the result "left"', async () => {
    const fake = new FakeMachine(pair(200));
    fake.behave(200, { endsAfterMs: Infinity, survivesKill: true });
    expect((await aRunOn(fake).run()).run).toMatchObject({ result: 'left', remaining: 1 });
  });

  test('an incomplete reading without leaks is "incomplete"', async () => {
    const fake = new FakeMachine();
    fake.extra = { complete: false };
    expect((await aRunOn(fake).run()).run.result).toBe('incomplete');
  });

  test('a bug is not stored as a failure of the machine', async () => {
    const { run } = aRunOn(new FakeMachine(), { observe: () => Promise.reject(new TypeError('bug')) });
    await expect(run()).rejects.toThrow('bug');
  });
});
