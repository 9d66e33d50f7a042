import { describe, expect, test } from 'vitest';
import { terminate, type TerminationOptions } from '../../../src/operations/terminate/terminate.ts';
import type { Signaller } from '../../../src/operations/ports/process.ts';
import { uv } from '../../core/builders.ts';
import { FakeMachine, type Behaviour } from '../fake-machine.ts';

const GRACE_MS = 5_000;

function machineOf(behaviours: Readonly<Record<number, Behaviour>>) {
  const rows = Object.keys(behaviours).map((pid) => uv(Number(pid), 1, { sid: 99 }));
  const fake = new FakeMachine(rows);
  for (const [pid, behaviour] of Object.entries(behaviours)) fake.behave(Number(pid), behaviour);
  const targets = rows.map((row) => ({ row, restsOnCommand: false }));
  const end = (options: Partial<TerminationOptions> = {}) =>
    terminate(targets, fake, { graceMs: GRACE_MS, ...options });
  return { fake, targets, end };
}

describe('the outcome of one process', () => {
  test.each<[string, Behaviour, object, string[]]>([
    ['obeys SIGTERM', {}, { outcome: 'exited', signal: 'SIGTERM', elapsedMs: 0 }, ['SIGTERM 200']],
    ['takes its time', { endsAfterMs: 700 }, { outcome: 'exited', signal: 'SIGTERM' }, ['SIGTERM 200']],
    [
      'ignores SIGTERM',
      { endsAfterMs: Infinity },
      { outcome: 'killed', signal: 'SIGKILL', elapsedMs: GRACE_MS },
      ['SIGTERM 200', 'SIGKILL 200'],
    ],
    [
      'survives SIGKILL',
      { endsAfterMs: Infinity, survivesKill: true },
      { outcome: 'survived', signal: 'SIGKILL', elapsedMs: GRACE_MS + 2_000 },
      ['SIGTERM 200', 'SIGKILL 200'],
    ],
    ['is gone before it is bound', { bind: 'gone' }, { outcome: 'already-gone', signal: null }, []],
    ['is gone and its pid reused', { bind: 'different' }, { outcome: 'pid-reused', signal: null }, []],
    ['cannot be identified', { bind: 'unknown' }, { outcome: 'survived', signal: null }, []],
    ['belongs to another user', { bind: 'permission-denied' }, { outcome: 'permission-denied', signal: null }, []],
    [
      'refuses SIGTERM',
      { refuse: { SIGTERM: 'permission-denied' } },
      { outcome: 'permission-denied', signal: null },
      [],
    ],
    ['is another at SIGTERM', { refuse: { SIGTERM: 'different' } }, { outcome: 'pid-reused', signal: null }, []],
    ['is unknown at SIGTERM', { refuse: { SIGTERM: 'unknown' } }, { outcome: 'survived', signal: null }, []],
    ['is gone at SIGTERM', { refuse: { SIGTERM: 'gone' } }, { outcome: 'exited', signal: null }, []],
    [
      'is exiting at SIGTERM and never finishes',
      { refuse: { SIGTERM: 'exiting', SIGKILL: 'exiting' } },
      { outcome: 'survived', signal: null, elapsedMs: GRACE_MS + 2_000 },
      [],
    ],
    [
      'is another at SIGKILL',
      { endsAfterMs: Infinity, refuse: { SIGKILL: 'different' } },
      { outcome: 'pid-reused', signal: 'SIGTERM' },
      ['SIGTERM 200'],
    ],
    [
      'is unknown at SIGKILL',
      { endsAfterMs: Infinity, refuse: { SIGKILL: 'unknown' } },
      { outcome: 'survived', signal: 'SIGTERM' },
      ['SIGTERM 200'],
    ],
  ])('reports the outcome of a process that %s', async (_, behaviour, outcome, signals) => {
    const { fake, end } = machineOf({ 200: behaviour });
    expect(await end()).toMatchObject([{ pid: 200, ...outcome }]);
    expect(fake.signals).toEqual(signals);
    expect(fake.openHandles).toBe(0);
  });
});

describe('a batch', () => {
  test('a batch gets SIGTERM in one pass before any wait', async () => {
    const { fake, end } = machineOf({ 200: { endsAfterMs: 300 }, 201: { endsAfterMs: Infinity }, 202: {} });
    const outcomes = await end();
    expect(fake.signals.slice(0, 3)).toEqual(['SIGTERM 200', 'SIGTERM 201', 'SIGTERM 202']);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['exited', 'killed', 'exited']);
  });

  test('shares one grace period', async () => {
    const stubborn = Object.fromEntries([200, 201, 202, 203].map((pid) => [pid, { endsAfterMs: Infinity }]));
    const { fake, end } = machineOf(stubborn);
    await end();
    expect(fake.clock.now()).toBe(GRACE_MS);
  });

  test('counts a process ended by its wrapper as exited, and does not signal it', async () => {
    const { fake, end } = machineOf({ 200: { takesAlong: [201] }, 201: {} });
    expect(await end()).toMatchObject([
      { pid: 200, outcome: 'exited', signal: 'SIGTERM' },
      { pid: 201, outcome: 'exited', signal: null },
    ]);
    expect(fake.signals).toEqual(['SIGTERM 200']);
  });

  test('waits for an exiting process, and does not signal it', async () => {
    const { fake, end } = machineOf({ 200: { refuse: { SIGTERM: 'exiting' } } });
    fake.at(30, () => {
      fake.end(200);
    });
    expect(await end()).toMatchObject([{ outcome: 'exited', signal: null }]);
    expect(fake.signals).toEqual([]);
  });

  test('continues if one process fails', async () => {
    const { end } = machineOf({ 200: { bind: 'unknown' }, 201: { refuse: { SIGTERM: 'permission-denied' } }, 202: {} });
    expect((await end()).map(({ outcome }) => outcome)).toEqual(['survived', 'permission-denied', 'exited']);
  });

  test('a batch without targets gives no outcomes', async () => {
    expect(await machineOf({}).end()).toEqual([]);
  });

  test('kills a process immediately without a grace period', async () => {
    const { fake, end } = machineOf({ 200: { endsAfterMs: 50 } });
    expect(await end({ graceMs: 0 })).toMatchObject([{ outcome: 'killed' }]);
    expect(fake.clock.now()).toBe(0);
  });

  test('reports its progress', async () => {
    const seen: string[] = [];
    const { end } = machineOf({ 200: { endsAfterMs: 100 }, 201: { endsAfterMs: Infinity } });
    await end({ onProgress: ({ gone, total }) => seen.push(`${gone}/${total}`) });
    expect([...new Set(seen)]).toEqual(['0/2', '1/2', '2/2']);
  });
});

describe('Ctrl-C', () => {
  test('once: waits for the end of the grace period and kills no process', async () => {
    const { fake, end } = machineOf({ 200: { endsAfterMs: Infinity }, 201: { endsAfterMs: 2_000 } });
    const outcomes = await end({ interrupted: AbortSignal.abort() });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['survived', 'exited']);
    expect(fake.signals).toEqual(['SIGTERM 200', 'SIGTERM 201']);
  });

  test('twice: kills the remaining processes immediately', async () => {
    const forced = new AbortController();
    const { fake, end } = machineOf({ 200: { endsAfterMs: Infinity } });
    fake.at(100, () => {
      forced.abort();
    });
    expect(await end({ interrupted: AbortSignal.abort(), forced: forced.signal })).toMatchObject([
      { outcome: 'killed' },
    ]);
    expect(fake.clock.now()).toBeLessThan(GRACE_MS);
  });
});

test('terminate compares the command line again only if the verdict rests on it', async () => {
  const asked: boolean[] = [];
  const { fake, targets } = machineOf({ 200: {}, 201: {} });
  const signaller = {
    ...fake.signaller,
    bind: (...[row, options]: Parameters<typeof fake.signaller.bind>) => {
      asked.push(options.compareCommand);
      return fake.signaller.bind(row, options);
    },
  };
  const [first, second] = targets;
  await terminate([first!, { ...second!, restsOnCommand: true }], { signaller, clock: fake.clock }, { graceMs: 1 });
  expect(asked).toEqual([false, true]);
});

test('a process of unknown state is not taken for gone: it is killed after the grace period, and reported', async () => {
  const { fake, targets } = machineOf({ 200: { endsAfterMs: 100 } });
  const sent: string[] = [];
  const signaller: Signaller = {
    method: 'blind',
    bind: ({ pid }) => ({
      pid,
      state: () => 'unknown',
      signal: (signal) => {
        sent.push(signal);
        return 'sent';
      },
      close: () => undefined,
    }),
  };
  const outcomes = await terminate(targets, { signaller, clock: fake.clock }, { graceMs: GRACE_MS });
  expect(sent).toEqual(['SIGTERM', 'SIGKILL']);
  expect(outcomes).toMatchObject([{ pid: 200, outcome: 'survived', signal: 'SIGKILL' }]);
});

describe('just before the kill', () => {
  const endAndCount = async (
    behaviours: Readonly<Record<number, Behaviour>>,
    options?: Partial<TerminationOptions>,
  ) => {
    const { fake, end } = machineOf(behaviours);
    const calls: string[][] = [];
    const beforeKill = () => {
      calls.push([...fake.signals]);
      return Promise.resolve();
    };
    await end({ beforeKill, ...options });
    return { calls, signals: fake.signals };
  };

  test('terminate calls beforeKill once, after the grace period and before the first SIGKILL, while one process still runs', async () => {
    const { calls } = await endAndCount({ 200: {}, 201: { endsAfterMs: Infinity }, 202: { endsAfterMs: Infinity } });
    expect(calls).toEqual([['SIGTERM 200', 'SIGTERM 201', 'SIGTERM 202']]);
  });

  test('terminate does not call beforeKill if no process is left', async () => {
    expect((await endAndCount({ 200: {}, 201: { bind: 'gone' } })).calls).toEqual([]);
  });

  test('terminate does not call beforeKill after a first Ctrl-C', async () => {
    const { calls, signals } = await endAndCount(
      { 200: { endsAfterMs: Infinity } },
      { interrupted: AbortSignal.abort() },
    );
    expect([calls, signals]).toEqual([[], ['SIGTERM 200']]);
  });
});

test('terminate polls after 2, 4, 8, 16 and 32 ms, then every 50 ms, and never after the deadline', async () => {
  const { fake, targets } = machineOf({ 200: { endsAfterMs: Infinity, survivesKill: true } });
  const pauses: number[] = [];
  const clock = {
    ...fake.clock,
    sleep: (ms: number) => {
      pauses.push(ms);
      return fake.clock.sleep(ms);
    },
  };
  await terminate(targets, { signaller: fake.signaller, clock }, { graceMs: 130 });
  expect(pauses.slice(0, 12)).toEqual([2, 4, 8, 16, 32, 50, 18, 2, 4, 8, 16, 32]);
});

test('terminate never signals again after a refusal because of another identity', async () => {
  const { fake, end } = machineOf({ 200: { endsAfterMs: Infinity, refuse: { SIGTERM: 'different' } } });
  expect(await end()).toMatchObject([{ outcome: 'pid-reused', signal: null, elapsedMs: 0 }]);
  expect([fake.signals, fake.clock.now()]).toEqual([[], 0]);
});

test('terminate closes every handle even if beforeKill fails', async () => {
  const { fake, end } = machineOf({ 200: { endsAfterMs: Infinity }, 201: {} });
  await expect(end({ beforeKill: () => Promise.reject(new Error('no')) })).rejects.toThrow('no');
  expect(fake.openHandles).toBe(0);
});

test('the elapsed time of an outcome counts from the start of its pass', async () => {
  const { fake, end } = machineOf({ 200: { endsAfterMs: 700 } });
  await fake.clock.sleep(10_000);
  const [outcome] = await end();
  expect(outcome?.elapsedMs).toBeGreaterThanOrEqual(700);
  expect(outcome?.elapsedMs).toBeLessThan(800);
});
