// A supervisor that is late: frozen, just spawned, or without its turn on a busy machine. The clock is the fake machine's.
import { describe, expect, test } from 'vitest';
import type { StartPorts } from '../../../src/operations/tree/start-ports.ts';
import { startTree } from '../../../src/operations/tree/start-tree.ts';
import { stopTrees } from '../../../src/operations/tree/stop-trees.ts';
import {
  askForStatus,
  type SupervisorConnection,
  type TreeStatus,
} from '../../../src/operations/tree/tree-lifecycle.ts';
import { ClaudeMemError, LateAnswerError } from '../../../src/shared/errors.ts';
import { entry, manifest, marks, supervisor, worker } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const OLD = '11111111-2222-4333-8444-555555555555';
const NEW = '99999999-2222-4333-8444-555555555555';
const root = supervisor(100, 1);
const child = worker(110, 100, { ...marks(OLD, root, 'worker'), sid: 110 });
const STATUS: TreeStatus = {
  treeId: OLD,
  version: '1',
  state: 'running',
  startedAt: '',
  port: 1,
  restarts: 0,
  search: { mode: 'keyword', reason: null },
  problem: null,
  healthy: true,
};

function runningTree(): FakeMachine {
  const fake = new FakeMachine([root, child]);
  fake.manifests = [manifest(OLD, [entry('supervisor', root), entry('worker', child, { by: root })])];
  return fake;
}

type Answer = Partial<TreeStatus> | 'late' | 'closed';

/** The behavior of the control socket at a moment: no listener, a listener without a greeting, or a supervisor that greets and answers. */
interface World {
  /** A tree id, `late`, or undefined. */
  readonly greets: (nowMs: number) => string | undefined;
  readonly answers?: (nowMs: number) => Answer;
  readonly hasExited?: (nowMs: number) => boolean;
  readonly isStopIntended?: (treeId: string, nowMs: number) => boolean;
  readonly assertLockFree?: (nowMs: number) => void;
}

const GREETING_MS = 500;
const ANSWER_MS = 2_000;

function portsOf(fake: FakeMachine, world: World) {
  const did = { spawned: 0, released: 0, open: 0, isLocked: false, lateUnderLockMs: 0 };
  const { clock } = fake;
  const pass = async (ms: number) => {
    if (did.isLocked) did.lateUnderLockMs += ms;
    await clock.sleep(ms);
  };
  const connectionTo = (treeId: string): SupervisorConnection => {
    did.open += 1;
    let isOpen = true;
    return {
      treeId,
      version: '1',
      status: async (waitMs = 0) => {
        const answer = world.answers?.(clock.now()) ?? {};
        if (answer === 'closed') throw new Error('the supervisor went away');
        if (answer !== 'late') return { ...STATUS, treeId, ...answer };
        await pass(waitMs + ANSWER_MS);
        throw new LateAnswerError('late');
      },
      stop: () => Promise.resolve(),
      close: () => {
        if (isOpen) did.open -= 1;
        isOpen = false;
      },
    };
  };
  const ports: StartPorts = {
    takeReading: async () => (await fake.observe()).reading,
    connect: async (withinMs = GREETING_MS) => {
      const greeting = world.greets(clock.now());
      if (greeting === 'late') await pass(withinMs);
      if (greeting === undefined || greeting === 'late') return greeting;
      return connectionTo(greeting);
    },
    signaller: fake.signaller,
    clock,
    intendStop: () => undefined,
    isStopIntended: (treeId) => world.isStopIntended?.(treeId, clock.now()) ?? false,
    spawnSupervisor: () => {
      did.spawned += 1;
      return {
        pid: 200,
        treeId: NEW,
        hasExited: () => world.hasExited?.(clock.now()) ?? false,
        release: () => (did.released += 1),
        dismiss: () => Promise.resolve(),
      };
    },
    assertLockFree: () => Promise.resolve().then(() => world.assertLockFree?.(clock.now())),
    assertPortFree: () => Promise.resolve(),
    underOperationLock: async (action) => {
      did.isLocked = true;
      try {
        return await action();
      } finally {
        did.isLocked = false;
      }
    },
    tidy: () => undefined,
    onProgress: () => undefined,
  };
  return { ports, did };
}

const after =
  <T, U>(ms: number, then: T, before: U) =>
  (nowMs: number) =>
    nowMs >= ms ? then : before;

describe('a start beside a supervisor that is late', () => {
  test.each([
    ['greets after 3.2 s', { greets: after(3_200, OLD, 'late' as const) }],
    ['greets after 10 s', { greets: after(10_000, OLD, 'late' as const) }],
    ['listens after 4 s', { greets: after(4_000, OLD, undefined) }],
    ['answers after 3.2 s', { greets: () => OLD, answers: after<Answer, Answer>(3_200, {}, 'late') }],
    ['answers after 10 s', { greets: () => OLD, answers: after<Answer, Answer>(10_000, {}, 'late') }],
    [
      'greets after 3 s and answers after 8 s',
      { greets: after(3_000, OLD, 'late' as const), answers: after<Answer, Answer>(8_000, {}, 'late') },
    ],
  ])('a start beside a late supervisor that %s joins its tree, ends nothing and spawns nothing', async (_, world) => {
    const fake = runningTree();
    const { ports, did } = portsOf(fake, world);
    const result = await startTree(ports, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: true, alreadyRunning: true, treeId: OLD, ended: [] });
    expect([fake.signals, did.released, did.open]).toEqual([[], 0, 0]);
    // Waiting with the lock, it would keep a `stop` from its turn.
    expect(did.lateUnderLockMs).toBeLessThanOrEqual(GREETING_MS + ANSWER_MS);
  });

  test('a start beside a late supervisor that never answers fails at its timeout, names the supervisor, and ends no process', async () => {
    const fake = runningTree();
    const { ports, did } = portsOf(fake, { greets: () => 'late' });
    await expect(startTree(ports, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'lock-held',
      message: expect.stringContaining('pid 100') as unknown,
    });
    expect(fake.clock.now()).toBeGreaterThanOrEqual(20_000);
    expect([fake.signals, did.released]).toEqual([[], 0]);
  });

  test('a start beside a late supervisor that dies meanwhile ends the rest of its tree and starts another one', async () => {
    const fake = runningTree();
    fake.at(3_000, () => {
      fake.end(root.pid);
    });
    const { ports, did } = portsOf(fake, {
      greets: (now) => (did.released > 0 ? NEW : now >= 3_000 ? undefined : 'late'),
    });
    const result = await startTree(ports, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: true, alreadyRunning: false, treeId: NEW });
    expect(fake.signals).toEqual(['SIGTERM 110']);
  });

  test('a start beside a late supervisor that gets a stop intent meanwhile finishes that stop and starts another tree', async () => {
    const fake = runningTree();
    const { ports, did } = portsOf(fake, {
      greets: () => (did.released > 0 ? NEW : 'late'),
      isStopIntended: (treeId, now) => treeId === OLD && now >= 3_000,
    });
    const result = await startTree(ports, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: true, alreadyRunning: false, treeId: NEW });
    expect(fake.signals).toEqual(['SIGTERM 100', 'SIGTERM 110']);
  });

  test('a start beside a late supervisor that takes its lock late, because its start was killed, joins its tree', async () => {
    const fake = new FakeMachine();
    const { ports, did } = portsOf(fake, {
      greets: (now) => (now >= 3_000 ? OLD : did.spawned > 0 ? 'late' : undefined),
      assertLockFree: () => {
        throw new ClaudeMemError('lock-held', 'pid 7 has it');
      },
    });
    const result = await startTree(ports, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: true, alreadyRunning: true, treeId: OLD });
    expect(did.released).toBe(0);
  });

  test('a start beside a late supervisor that holds the lock without listening names the holder of the lock', async () => {
    const fake = new FakeMachine();
    const { ports } = portsOf(fake, {
      greets: () => undefined,
      assertLockFree: () => {
        throw new ClaudeMemError('lock-held', 'pid 7 has it');
      },
    });
    await expect(startTree(ports, { timeoutMs: 30_000 })).rejects.toThrow('pid 7 has it');
  });

  test('starts no tree after an interrupt', async () => {
    const { ports, did } = portsOf(runningTree(), { greets: () => 'late' });
    const interrupted = AbortSignal.abort();
    await expect(startTree(ports, { timeoutMs: 30_000, interrupted })).rejects.toMatchObject({ code: 'interrupted' });
    expect(did.released).toBe(0);
  });
});

describe('a tree that a start has joined', () => {
  test('a tree that a start has joined is not reported as spawned by this start, even if it does not answer until the timeout', async () => {
    const fake = runningTree();
    const { ports } = portsOf(fake, {
      greets: () => OLD,
      answers: (now) => (now === 0 ? { state: 'starting' } : 'late'),
    });
    const result = await startTree(ports, { timeoutMs: 5_000 });
    expect(result).toMatchObject({
      ok: false,
      alreadyRunning: true,
      treeId: OLD,
      problem: 'the supervisor did not answer in time',
    });
    expect(fake.signals).toEqual([]);
  });

  test('a tree that a start has joined is waited for while its supervisor answers late', async () => {
    const { ports } = portsOf(runningTree(), {
      greets: () => OLD,
      answers: (now) => (now === 0 ? { state: 'starting' } : now < 10_000 ? 'late' : {}),
    });
    expect(await startTree(ports, { timeoutMs: 30_000 })).toMatchObject({ ok: true, alreadyRunning: true });
  });

  test('counts as gone once its connection closes', async () => {
    const { ports } = portsOf(runningTree(), {
      greets: () => OLD,
      answers: (now) => (now === 0 ? { state: 'starting' } : 'closed'),
    });
    expect(await startTree(ports, { timeoutMs: 30_000 })).toMatchObject({
      ok: false,
      alreadyRunning: true,
      problem: 'the supervisor exited',
    });
  });
});

describe('a supervisor that a start has spawned', () => {
  test.each([3_200, 12_000, 25_000])('may take %i ms to answer', async (ms) => {
    const fake = new FakeMachine();
    const { ports, did } = portsOf(fake, { greets: (now) => (did.released > 0 && now >= ms ? NEW : undefined) });
    const result = await startTree(ports, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: true, alreadyRunning: false, treeId: NEW });
  });

  test('a supervisor that a start has spawned that lost its lock to another one is replaced by that one', async () => {
    const fake = new FakeMachine();
    const { ports } = portsOf(fake, { greets: after(2_500, OLD, undefined), hasExited: after(2_400, true, false) });
    // It is seen to have exited before the other one listens.
    fake.at(2_400, () => void fake.clock.sleep(200));
    expect(await startTree(ports, { timeoutMs: 30_000 })).toMatchObject({
      ok: true,
      alreadyRunning: true,
      treeId: OLD,
    });
  });

  test('a supervisor that a start has spawned that exits before it answers is reported as exited', async () => {
    const { ports } = portsOf(new FakeMachine(), { greets: () => undefined, hasExited: () => true });
    expect(await startTree(ports, { timeoutMs: 30_000 })).toMatchObject({
      ok: false,
      alreadyRunning: false,
      treeId: NEW,
      problem: 'the supervisor exited before it answered',
    });
  });
});

describe('a stop', () => {
  test('a stop of a supervisor that does not greet ends its tree by identity within the grace', async () => {
    const fake = runningTree();
    fake.behave(100, { endsAfterMs: Infinity });
    const { ports } = portsOf(fake, { greets: () => 'late' });
    const result = await stopTrees(ports, { graceMs: 5_000 });
    expect(result).toMatchObject({ wasRunning: true, remaining: [], isComplete: true });
    expect(fake.signals).toEqual(['SIGTERM 100', 'SIGTERM 110', 'SIGKILL 100']);
    expect(fake.clock.now()).toBeLessThanOrEqual(5_000);
  });

  test('a stop is incomplete while a listener sends no greeting', async () => {
    const { ports } = portsOf(new FakeMachine(), { greets: () => 'late' });
    expect(await stopTrees(ports, { graceMs: 5_000 })).toMatchObject({ wasRunning: false, isComplete: false });
  });
});

describe('a question for the status', () => {
  test.each<[string, World, unknown]>([
    ['nobody listens', { greets: () => undefined }, undefined],
    ['nobody greets in time', { greets: () => 'late' }, 'late'],
    ['the answer is late', { greets: () => OLD, answers: () => 'late' }, 'late'],
    ['the connection closes', { greets: () => OLD, answers: () => 'closed' }, undefined],
    [
      'the answer comes after 3.2 s',
      { greets: () => OLD, answers: after<Answer, Answer>(3_200, {}, 'late') },
      { ...STATUS },
    ],
  ])('a question for the status when %s', async (_, world, answer) => {
    const fake = runningTree();
    const { ports, did } = portsOf(fake, world);
    expect(await askForStatus(ports.connect, fake.clock)).toEqual(answer);
    expect(did.open).toBe(0);
  });
});
