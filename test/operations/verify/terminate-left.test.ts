import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { judgeReading } from '../../../src/operations/observe/observe.ts';
import { terminateLeft, type EndLeftPorts } from '../../../src/operations/verify/terminate-left.ts';
import { Watch } from '../../../src/operations/verify/watch.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { bornAt, DATA_DIR, entry, manifest, row, SELF_PID, UID } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

/** A watch on a machine in memory; `marked` returns the pids that have its mark now, and `onRead` is called after each reading. */
async function watchOf(
  machine: FakeMachine,
  {
    marked = () => new Set<number>(),
    onRead = () => undefined,
  }: { marked?: () => Set<number>; onRead?: () => void } = {},
) {
  const watch = await Watch.begin(
    {
      table: {
        source: 'fake',
        snapshot: async ({ recordedPids }) => {
          const { snapshot } = (await machine.observe()).reading;
          onRead();
          return { ...snapshot, processes: snapshot.processes.map((row) => asRead(row, recordedPids)) };
        },
      },
      findMarkHolders: () => Promise.resolve(marked()),
      identify: () => undefined,
      clock: machine.clock,
      waitFor: null,
    },
    {
      mark: 'm',
      claimsChildren: true,
      children: () => new Set(),
      mayWaitFor: () => false,
      isAllowed: () => false,
    },
  );
  const end = (observe: EndLeftPorts['observe'] = machine.observe, usualDataDir = DATA_DIR) =>
    terminateLeft(
      { watch, signaller: machine.signaller, clock: machine.clock, observe, usualDataDir },
      { graceMs: 10 },
    );
  return { watch, end };
}

/** Marks are read only of requested pids and of names that a role program may have. */
function asRead(full: ProcessRow, recordedPids: ReadonlySet<number>): ProcessRow {
  if (recordedPids.has(full.pid)) return full;
  return Object.fromEntries(Object.entries(full).filter(([field]) => !field.endsWith('Mark'))) as unknown as ProcessRow;
}

const left = (extra: Partial<ProcessRow> = {}) => row(9_100, SELF_PID, 'sleep 100', extra);

test('verify --reap ends the processes left, except those of another or an unknown user', async () => {
  const machine = new FakeMachine();
  const { end } = await watchOf(machine);
  const { uid, ...hidden } = row(9_102, SELF_PID, 'sleep 102');
  machine.start(left(), row(9_101, SELF_PID, 'sleep 101', { uid: UID + 1 }), hidden);
  const { protectedBy } = await end();
  expect(uid).toBe(UID);
  expect(machine.signals).toEqual(['SIGTERM 9100']);
  expect([...protectedBy.values()]).toEqual(['belongs to user id 1001', 'its user could not be read']);
});

test('a pid reused during the search for marks is not taken for a marked process', async () => {
  const machine = new FakeMachine();
  let isMarkHolder = false;
  const reuse = () => {
    if (!isMarkHolder) return;
    isMarkHolder = false;
    machine.start(row(9_400, 1, 'sshd', bornAt(99_000)));
  };
  const { watch, end } = await watchOf(machine, {
    marked: () => {
      const markHolders = new Set(isMarkHolder ? [9_400] : []);
      reuse();
      return markHolders;
    },
    onRead: reuse,
  });
  isMarkHolder = true;
  machine.start(row(9_400, 1, 'sleep 1'));
  expect((await watch.look()).left).toEqual([]);
  await end();
  expect(machine.signals).toEqual([]);
});

test('a tree of another data dir is spared, with any name of its node', async () => {
  const other = '/home/u/elsewhere';
  const tree = '11111111-2222-4333-8444-555555555555';
  const root = row(9_100, SELF_PID, '/opt/runtime/my-runtime supervisor.js', { treeMark: tree, dataDirMark: other });
  const machine = new FakeMachine();
  const { end } = await watchOf(machine);
  machine.start(root, row(9_110, 9_100, 'sleep 110'), row(9_200, SELF_PID, 'sleep 200'));
  const { protectedBy } = await end(async (dataDir) => {
    const { reading } = await machine.observe();
    const snapshot = {
      ...reading.snapshot,
      processes: reading.snapshot.processes.map((one) => asRead(one, new Set())),
    };
    const manifests = dataDir === other ? [manifest(tree, [entry('supervisor', root)], { dataDir: other })] : [];
    return judgeReading({ ...reading, snapshot, manifests, dataDir: dataDir ?? reading.dataDir });
  });
  expect(machine.signals).toEqual(['SIGTERM 9200']);
  expect([...protectedBy.values()]).toHaveLength(2);
});

test('processes recorded in the default data dir are spared, even if no process left names it', async () => {
  const usual = '/home/u/usual';
  const tree = '11111111-2222-4333-8444-555555555556';
  const root = row(9_100, SELF_PID, 'node search-server.js');
  const machine = new FakeMachine();
  const { end } = await watchOf(machine);
  machine.start(root, row(9_200, SELF_PID, 'sleep 200'));
  await end(async (dataDir) => {
    const { reading } = await machine.observe();
    const manifests = dataDir === usual ? [manifest(tree, [entry('search', root)], { dataDir: usual })] : [];
    return judgeReading({ ...reading, manifests, dataDir: dataDir ?? reading.dataDir });
  }, usual);
  expect(machine.signals).toEqual(['SIGTERM 9200']);
});

test('an unusable data dir named by a process left prevents all ending', async () => {
  const machine = new FakeMachine();
  const { end } = await watchOf(machine);
  machine.start(row(9_100, SELF_PID, 'node x.js', { dataDirMark: '/closed' }));
  const { refused, after } = await end((dataDir) =>
    dataDir === '/closed' ? Promise.reject(new ClaudeMemError('data-dir', 'permission denied')) : machine.observe(),
  );
  expect(refused).toMatch(/of \/closed could not be read: permission denied/);
  expect(machine.signals).toEqual([]);
  expect(after.left.map((process) => process.row.pid)).toEqual([9_100]);
});
