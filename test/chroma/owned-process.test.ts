import { expect, onTestFinished, test } from 'vitest';
import type { Registration } from '../../src/operations/ports/tree.ts';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { type Household, OwnedProcess } from '../../src/chroma/owned-process.ts';
import { row, snapshotOf } from '../core/builders.ts';
import { FakeMachine } from '../operations/fake-machine.ts';
import { eventually } from '../helpers/eventually.ts';
import { aLog } from '../a-log.ts';

interface Surroundings {
  readonly machine: FakeMachine;
  /** The process table; may change. */
  readonly rows: readonly ProcessRow[];
  readonly identify: Household['processes']['identify'];
  /** Receives what is recorded. */
  readonly registered?: Registration[];
}

function householdOf({ machine, rows, identify, registered = [] }: Surroundings): Household {
  return {
    dataDir: '/absent',
    treeId: 't',
    own: { pid: process.pid, startedAt: '', scope: {} },
    env: {},
    log: aLog().log,
    processes: {
      identify,
      table: { source: 'fake', snapshot: () => Promise.resolve(snapshotOf(rows)) },
      signaller: machine.signaller,
      clock: machine.clock,
      recorder: {
        register: (registration) => {
          registered.push(registration);
          return Promise.resolve();
        },
        ended: () => Promise.resolve(),
      },
    },
  };
}

test('does not look up the pid of an exited process that was never identified, because the pid may be reused', async () => {
  const stranger = row(9_500, 1, 'sshd');
  const machine = new FakeMachine([stranger]);
  const found: ProcessRow[] = [];
  const owned = new OwnedProcess(
    { role: 'search', file: process.execPath, args: ['--version'], env: {}, cwd: '/' },
    householdOf({ machine, rows: [stranger], identify: () => found[0] }),
  );
  await owned.exited;
  found.push(stranger);
  expect(await owned.end(100)).toEqual([]);
  expect(machine.signals).toEqual([]);
});

test('a program that is asked by the end of its input ends by itself', async () => {
  const machine = new FakeMachine([]);
  const script = "process.stdin.resume().on('end', () => process.exit(7))";
  const owned = new OwnedProcess(
    { role: 'search', file: process.execPath, args: ['-e', script], env: {}, cwd: '/', isAskedByInput: true },
    householdOf({ machine, rows: [], identify: () => undefined }),
  );
  expect(await owned.end(60_000)).toEqual([]);
  expect(await owned.exited).toMatchObject({ code: 7, signal: null });
});

test('a program that ignores the end of its input is terminated', async () => {
  const machine = new FakeMachine([]);
  const owned = new OwnedProcess(
    { role: 'search', file: 'sleep', args: ['60'], env: {}, cwd: '/', isAskedByInput: true },
    householdOf({
      ...{ machine, rows: [] },
      identify: (pid) => {
        const started = row(pid, process.pid, 'sleep');
        machine.start(started);
        return started;
      },
    }),
  );
  onTestFinished(() => {
    owned.child.kill('SIGKILL');
  });
  expect(await owned.end(200)).toEqual([]);
  expect(machine.signals).toEqual([`SIGTERM ${owned.pid}`]);
});

test.each(['while it starts', 'when it answers'])('records the python %s', async (when) => {
  const registered: Registration[] = [];
  const machine = new FakeMachine([]);
  const rows: ProcessRow[] = [];
  const owned = new OwnedProcess(
    { role: 'chroma-sync', file: 'sleep', args: ['60'], env: {}, cwd: '/' },
    householdOf({ machine, rows, registered, identify: (pid) => row(pid, process.pid, 'uv') }),
  );
  onTestFinished(() => {
    owned.child.kill('SIGKILL');
  });
  const wrapper = owned.pid!;
  const python = row(wrapper + 1, wrapper, 'python', { argv: ['python', '/bin/chroma-mcp'] });
  rows.push(row(wrapper, process.pid, 'uv'));
  let answer: (text: string) => void = () => undefined;
  const recorded = owned.recordPythonBefore(new Promise<string>((resolve) => (answer = resolve)));
  if (when === 'while it starts') {
    rows.push(python);
    await eventually('it is recorded', () => registered.some(({ identity }) => identity.pid === python.pid));
    answer('hello');
  } else {
    answer('hello');
    rows.push(python);
  }
  expect(await recorded).toBe('hello');
  expect(owned.python?.pid).toBe(python.pid);
  expect(registered.map(({ identity }) => identity.pid)).toEqual([wrapper, python.pid]);
});
