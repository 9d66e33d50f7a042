import { describe, expect, test } from 'vitest';
import { judgeReading } from '../../../src/operations/observe/observe.ts';
import type { HeldSupervisor, StartPorts } from '../../../src/operations/tree/start-ports.ts';
import { startTree } from '../../../src/operations/tree/start-tree.ts';
import type { SupervisorConnection, TreeStatus } from '../../../src/operations/tree/tree-lifecycle.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { DATA_DIR, entry, manifest, marks, python, supervisor, uv, worker } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const OLD = '11111111-2222-4333-8444-555555555555';
const NEW = '99999999-2222-4333-8444-555555555555';
const root = supervisor(100, 50);
const child = worker(110, 100, { ...marks(OLD, root, 'worker'), sid: 110 });
const wrapper = uv(120, 1, { ...marks(OLD, child, 'chroma-sync'), sid: 110 });
const chroma = python(130, 120, { ...marks(OLD, child, 'chroma-sync'), sid: 110 });

/** The leftovers of a tree whose supervisor and worker were killed. */
function leftovers(): FakeMachine {
  const fake = new FakeMachine([wrapper, chroma]);
  fake.manifests = [
    manifest(OLD, [
      entry('supervisor', root),
      entry('worker', child, { by: root }),
      entry('chroma-sync', wrapper, { by: child }),
      entry('chroma-sync', chroma, { by: wrapper }),
    ]),
  ];
  return fake;
}

interface Script {
  /** The statuses of the new supervisor in order. The last one is repeated. Undefined: it never answers. */
  readonly says?: readonly Partial<TreeStatus>[];
  readonly ports?: Partial<StartPorts>;
}

function held(behaviour: Partial<HeldSupervisor>): HeldSupervisor {
  const dismiss = () => Promise.resolve();
  return { pid: 200, treeId: NEW, hasExited: () => false, release: () => undefined, dismiss, ...behaviour };
}

function start(fake: FakeMachine, { says = [{}], ports = {} }: Script = {}, timeoutMs = 5_000) {
  const did = { spawned: 0, released: 0, dismissed: 0 };
  const left = [...says];
  const status: TreeStatus = {
    treeId: NEW,
    version: '1',
    state: 'running',
    startedAt: '',
    port: 1,
    restarts: 0,
    search: { mode: 'keyword', reason: null },
    problem: null,
    healthy: true,
  };
  const connection: SupervisorConnection = {
    treeId: NEW,
    version: '1',
    status: () => {
      const next = left.length > 1 ? left.shift() : left[0];
      return next === undefined ? Promise.reject(new Error('gone')) : Promise.resolve({ ...status, ...next });
    },
    stop: () => Promise.resolve(),
    close: () => undefined,
  };
  const result = startTree(
    {
      takeReading: async () => (await fake.observe()).reading,
      connect: () => Promise.resolve(did.released > 0 && says.length > 0 ? connection : undefined),
      signaller: fake.signaller,
      clock: fake.clock,
      intendStop: () => undefined,
      isStopIntended: () => false,
      spawnSupervisor: () => {
        did.spawned += 1;
        return held({
          release: () => (did.released += 1),
          dismiss: () => Promise.resolve(void (did.dismissed += 1)),
        });
      },
      assertLockFree: () => Promise.resolve(),
      assertPortFree: () => Promise.resolve(),
      underOperationLock: (action) => action(),
      tidy: () => undefined,
      onProgress: () => undefined,
      ...ports,
    },
    { timeoutMs },
  );
  return { result, did };
}

describe('leftovers', () => {
  test('leftovers are ended before the supervisor is released', async () => {
    const fake = leftovers();
    const seen: boolean[] = [];
    const { result } = start(fake, {
      ports: {
        spawnSupervisor: () =>
          held({
            hasExited: () => true,
            release: () => {
              seen.push(fake.has(120), fake.has(130));
            },
          }),
      },
    });
    expect((await result).ended.map(({ pid }) => pid).sort()).toEqual([120, 130]);
    expect(seen).toEqual([false, false]);
  });

  test.each([
    ['cannot die', { endsAfterMs: Infinity, survivesKill: true }, 'survived'],
    ['may not be signalled', { bind: 'permission-denied' }, 'permission-denied'],
  ] as const)('leftovers that %s do not block a start, and are reported', async (_, behaviour, outcome) => {
    const fake = leftovers();
    fake.behave(130, behaviour);
    const { result, did } = start(fake);
    expect(await result).toMatchObject({ ok: true, alreadyRunning: false, treeId: NEW });
    expect((await result).ended).toContainEqual(expect.objectContaining({ pid: 130, outcome }));
    expect([did.spawned, did.released]).toEqual([1, 1]);
  });

  test('proven by their command line alone are spared and reported', async () => {
    const stranger = uv(140, 1, { sid: 90 });
    const fake = new FakeMachine([stranger]);
    const { result } = start(fake);
    expect(await result).toMatchObject({ ok: true, ended: [] });
    expect(judgeReading((await result).observation.reading).judgements.map(({ row }) => row.pid)).toContain(140);
    expect(fake.signals).toEqual([]);
  });
});

describe('nothing is started', () => {
  test.each([
    ["the supervisor's lock", 'assertLockFree', 'lock-held'],
    ['the port', 'assertPortFree', 'port-taken'],
  ] as const)('while another program has %s', async (_, port, code) => {
    const fake = new FakeMachine();
    const refuse = () => Promise.reject(new ClaudeMemError(code, 'pid 7 has it'));
    const { result, did } = start(fake, { ports: { [port]: refuse } });
    await expect(result).rejects.toMatchObject({ code });
    expect(fake.signals).toEqual([]);
    expect(did).toEqual({ spawned: 1, released: 0, dismissed: 1 });
  });
});

describe('a supervisor known by its marks alone', () => {
  const lost = supervisor(100, 50, { treeMark: OLD, dataDirMark: DATA_DIR });

  test('a start refuses a second tree, names the supervisor, and signals no process', async () => {
    const fake = new FakeMachine([lost]);
    const { result, did } = start(fake);
    await expect(result).rejects.toMatchObject({
      code: 'lock-held',
      message: expect.stringContaining('(pid 100)') as never,
    });
    expect(fake.signals).toEqual([]);
    expect(did).toEqual({ spawned: 1, released: 0, dismissed: 1 });
  });

  test('a start does not take its own unreleased supervisor for another one', async () => {
    const fake = new FakeMachine([supervisor(200, 50, { treeMark: NEW, dataDirMark: DATA_DIR })]);
    const { result } = start(fake);
    expect(await result).toMatchObject({ ok: true, treeId: NEW });
  });

  test('a start waits for a supervisor that has just been spawned and exits again', async () => {
    const fake = new FakeMachine([lost]);
    const { result } = start(fake, {
      ports: {
        connect: () => {
          fake.end(100);
          return Promise.resolve(undefined);
        },
        spawnSupervisor: () => held({ hasExited: () => true }),
      },
    });
    expect(await result).toMatchObject({ ok: false, problem: 'the supervisor exited before it answered' });
  });

  test('a supervisor of another data dir does not prevent a start', async () => {
    const fake = new FakeMachine([supervisor(100, 50, { treeMark: OLD, dataDirMark: '/elsewhere' })]);
    expect(await start(fake).result).toMatchObject({ ok: true });
  });
});

test('a start continues if it cannot record what it ended, and reports that', async () => {
  const tidy = () => {
    throw new ClaudeMemError('io', 'cannot write x.json: no space left on the device (ENOSPC)');
  };
  const { result } = start(leftovers(), { ports: { tidy } });
  expect(await result).toMatchObject({ ok: true, unwritten: [expect.stringContaining('no space left')] });
});

test('a start that cannot read the process table closes its connection', async () => {
  let isOpen = true;
  const answering: SupervisorConnection = {
    treeId: OLD,
    version: '1',
    status: () => Promise.reject(new Error('not asked')),
    stop: () => Promise.resolve(),
    close: () => {
      isOpen = false;
    },
  };
  const { result, did } = start(new FakeMachine(), {
    ports: {
      connect: () => Promise.resolve(answering),
      takeReading: () => Promise.reject(new ClaudeMemError('process-table-unreadable', 'another namespace')),
    },
  });
  await expect(result).rejects.toMatchObject({ code: 'process-table-unreadable' });
  expect([isOpen, did.spawned]).toEqual([false, 0]);
});

describe('the wait for readiness', () => {
  const starting = { state: 'starting' };

  test('the wait for readiness ends with the first status running', async () => {
    const { result } = start(new FakeMachine(), { says: [starting, starting, { state: 'running' }] });
    expect(await result).toMatchObject({ ok: true, problem: undefined });
  });

  test.each([
    ['time is up', [starting], 'the tree was not ready in time'],
    [
      'it gave up',
      [{ state: 'failed', problem: 'the worker ended with exit code 7' }],
      'the worker ended with exit code 7',
    ],
    ['its worker fails again and again', [{ ...starting, restarts: 9, problem: 'no memory' }], 'no memory'],
    ['it never answers', [], 'the supervisor did not answer in time'],
  ])('the wait for readiness ends with a reason if %s', async (_, says, problem) => {
    const { result } = start(new FakeMachine(), { says });
    expect(await result).toMatchObject({ ok: false, problem });
  });
});
