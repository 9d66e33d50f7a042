import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../src/operations/terminate/terminate-until-quiet.ts';
import { reap, type ReapOptions } from '../../../src/operations/terminate/reap.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { bornAt, pluginWorker, python, row, secondsOld, uv } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

/** Wrapper and python left by a plugin's worker that is gone: its pid is their session's. */
const pair = (pid: number) => [uv(pid, 1, { sid: 99 }), python(pid + 1, pid, { sid: 99 })];

function options(more: Partial<ReapOptions> = {}): ReapOptions {
  return { request: { includeExcess: false }, graceMs: 5_000, ...more };
}

const reapOn = (fake: FakeMachine, more?: Partial<ReapOptions>) => reap(fake, options(more));

describe('reap', () => {
  test('reap ends wrapper and python in one pass and stops after two quiet readings', async () => {
    const fake = new FakeMachine(pair(200));
    const { plan, outcomes, remaining } = await reapOn(fake);
    expect(plan.plan.map(({ row }) => row.pid)).toEqual([200, 201]);
    expect(outcomes).toMatchObject([
      { pid: 200, outcome: 'exited' },
      { pid: 201, outcome: 'exited' },
    ]);
    expect(remaining).toEqual([]);
    expect(fake.looks).toBe(3);
    expect(fake.openHandles).toBe(0);
  });

  test('reap does nothing without a leak', async () => {
    const fake = new FakeMachine();
    expect(await reapOn(fake)).toMatchObject({ plan: { plan: [] }, outcomes: [], remaining: [] });
    expect(fake.signals).toEqual([]);
  });

  test('spares an unverified process', async () => {
    const fake = new FakeMachine([uv(200, 1, { sid: 99, ...secondsOld(60) }), uv(300, 70)]);
    expect(await reapOn(fake)).toMatchObject({ outcomes: [], remaining: [] });
    expect(fake.signals).toEqual([]);
  });

  test('reap ends a child that appears in a later pass under the same request', async () => {
    const fake = new FakeMachine(pair(200));
    fake.behave(201, {
      onEnd: () => {
        fake.start(uv(400, 1, { sid: 99 }));
      },
    });
    const { outcomes } = await reapOn(fake);
    expect(outcomes.map(({ pid, outcome }) => [pid, outcome])).toEqual([
      [200, 'exited'],
      [201, 'exited'],
      [400, 'exited'],
    ]);
  });

  test("reap ends a child that a wrapper starts during its grace period, which nothing would prove after the wrapper's death", async () => {
    const fake = new FakeMachine([uv(200, 1, { sid: 99 })]);
    fake.behave(200, { endsAfterMs: Infinity });
    fake.at(1_000, () => {
      fake.start(row(250, 200, 'git fetch', { sid: 99, pgid: 99 }), row(260, 200, 'git gc', { sid: 99, pgid: 99 }));
    });
    fake.at(4_999, () => {
      fake.start(row(270, 200, 'true', { sid: 99, pgid: 99 }));
    });
    // Gone by itself, after it was seen and before its turn came.
    fake.behave(270, { bind: 'gone' });
    const { outcomes, remaining } = await reapOn(fake);
    expect(outcomes.map(({ pid, outcome, signal }) => [pid, outcome, signal])).toEqual([
      [200, 'killed', 'SIGKILL'],
      [250, 'exited', 'SIGTERM'],
      [260, 'exited', 'SIGTERM'],
    ]);
    expect(remaining).toEqual([]);
    expect(fake.openHandles).toBe(0);
  });

  test('kills the agreed processes even if the reading before the kill fails', async () => {
    const fake = new FakeMachine(pair(200));
    fake.behave(200, { endsAfterMs: Infinity });
    fake.onLook = (look) => {
      if (look === 2) throw new Error('EMFILE');
    };
    const { outcomes } = await reapOn(fake);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['killed', 'exited']);
  });

  test('spares processes without agreement and reports them as remaining', async () => {
    const fake = new FakeMachine(pair(200));
    const agreed = new Set((await fake.observe()).judgements.map(keyOf));
    fake.start(uv(400, 1, { sid: 99 }));
    const { outcomes, remaining } = await reapOn(fake, { agreed });
    expect(outcomes.map(({ pid }) => pid)).toEqual([200, 201]);
    expect(remaining.map(({ row }) => row.pid)).toEqual([400]);
    expect(fake.has(400)).toBe(true);
  });

  test('agreement to a process does not extend to another one with its pid', async () => {
    const fake = new FakeMachine(pair(200));
    const agreed = new Set((await fake.observe()).judgements.map(keyOf));
    fake.end(201);
    fake.start(uv(200, 1, { sid: 99, ...bornAt(5_000) }));
    await reapOn(fake, { agreed });
    expect(fake.signals).toEqual([]);
  });

  test('signals each process in one pass only, with any outcome', async () => {
    const fake = new FakeMachine(pair(200));
    fake.behave(200, { endsAfterMs: Infinity, survivesKill: true });
    const { outcomes, remaining } = await reapOn(fake);
    expect(outcomes).toMatchObject([{ outcome: 'survived' }, { outcome: 'exited' }]);
    expect(remaining.map(({ row }) => row.pid)).toEqual([200]);
    expect(fake.signals.filter((signal) => signal.endsWith(' 200'))).toEqual(['SIGTERM 200', 'SIGKILL 200']);
  });

  test('reap gives up on a faster spawner and reports the remaining processes', async () => {
    const fake = new FakeMachine();
    let next = 200;
    fake.onLook = () => {
      fake.start(uv(next, 1, { sid: 99 }));
      next += 2;
    };
    const { outcomes, remaining } = await reapOn(fake);
    expect(outcomes).toHaveLength(10);
    expect(remaining).toHaveLength(1);
  });

  test('reports an outcome for each process, independent of the others', async () => {
    const fake = new FakeMachine([...pair(200), ...pair(300), ...pair(400)]);
    fake.behave(200, { refuse: { SIGTERM: 'permission-denied' } });
    fake.behave(300, { bind: 'different' });
    fake.behave(400, { takesAlong: [401] });
    const { outcomes, remaining } = await reapOn(fake);
    expect(Object.fromEntries(outcomes.map(({ pid, outcome }) => [pid, outcome]))).toEqual({
      200: 'permission-denied',
      201: 'exited',
      300: 'pid-reused',
      301: 'exited',
      400: 'exited',
      401: 'exited',
    });
    expect(remaining.map(({ row }) => row.pid)).toEqual([200, 300]);
  });

  test('signals no process if interrupted before the first signal', async () => {
    const fake = new FakeMachine(pair(200));
    const { plan, outcomes, remaining } = await reapOn(fake, { interrupted: AbortSignal.abort() });
    expect(fake.signals).toEqual([]);
    expect(outcomes).toEqual([]);
    expect(plan.plan).toHaveLength(2);
    expect(remaining).toHaveLength(2);
  });

  test('stops after the current pass if interrupted', async () => {
    const fake = new FakeMachine(pair(200));
    const interrupted = new AbortController();
    fake.behave(201, {
      onEnd: () => {
        interrupted.abort();
        fake.start(uv(400, 1, { sid: 99 }));
      },
    });
    const { remaining } = await reapOn(fake, { interrupted: interrupted.signal });
    expect(remaining.map(({ row }) => row.pid)).toEqual([400]);
    expect(fake.signals).toEqual(['SIGTERM 200', 'SIGTERM 201']);
  });
});

test('reap measures memory only in the readings after a pass', async () => {
  const fake = new FakeMachine(pair(200));
  const asked: boolean[] = [];
  const observe = ({ memory }: { readonly memory: boolean }) => {
    asked.push(memory);
    return fake.observe();
  };
  await reap({ observe, signaller: fake.signaller, clock: fake.clock }, options());
  expect(asked).toEqual([false, true, true]);
});

describe('a leak below a live worker of the plugin that only a closed channel proves', () => {
  const half = { channels: { stdin: 'closed', stdout: 'open' } } as const;
  const registries = [
    {
      file: 'worker.pid',
      content: JSON.stringify({ pid: 150, startToken: '1500', startedAt: '2026-11-01T00:00:15.200Z' }),
    },
  ];
  const left = python(201, 1, { sid: 150, ...half });
  const machineWith = (...rows: readonly ProcessRow[]) => {
    const fake = new FakeMachine([pluginWorker(150), ...rows]);
    fake.otherRegistries = registries;
    return fake;
  };

  test('a doubtful leak is signalled after a second look, 5 s later', async () => {
    const fake = machineWith(left);
    const startedAt = fake.clock.now();
    const announced: number[] = [];
    const { plan, outcomes, remaining } = await reapOn(fake, { onSecondLook: (count) => announced.push(count) });
    expect(announced).toEqual([1]);
    expect(plan.plan.map(({ row }) => row.pid)).toEqual([201]);
    expect(outcomes).toMatchObject([{ pid: 201, outcome: 'exited' }]);
    expect(remaining).toEqual([]);
    expect(fake.clock.now() - startedAt).toBeGreaterThanOrEqual(5_000);
  });

  test('a doubtful leak that its client ends meanwhile is not signalled', async () => {
    const fake = machineWith(left);
    fake.at(4_000, () => {
      fake.end(201);
    });
    expect(await reapOn(fake)).toMatchObject({ outcomes: [], remaining: [] });
    expect(fake.signals).toEqual([]);
  });

  test('a doubtful leak that appears at the second look is left for the next reap', async () => {
    const fake = machineWith(left);
    fake.at(4_000, () => {
      fake.start(python(301, 1, { sid: 150, ...half }));
    });
    const { outcomes, remaining } = await reapOn(fake);
    expect(outcomes.map(({ pid }) => pid)).toEqual([201]);
    expect(remaining).toEqual([]);
    expect(fake.has(301)).toBe(true);
  });

  test('a certain leak does not wait for the second look', async () => {
    const fake = machineWith(left, ...pair(400));
    const ended: number[] = [];
    fake.behave(400, { onEnd: () => ended.push(fake.clock.now()) });
    await reapOn(fake);
    expect(ended[0]).toBeLessThan(1_000);
    expect(fake.has(201)).toBe(false);
  });

  test('an interrupt ends the wait, and the doubtful leak lives', async () => {
    const fake = machineWith(left);
    const interrupt = new AbortController();
    fake.at(1_000, () => {
      interrupt.abort();
    });
    await reapOn(fake, { interrupted: interrupt.signal });
    expect(fake.signals).toEqual([]);
    expect(fake.clock.now()).toBeLessThan(2_000);
  });
});
