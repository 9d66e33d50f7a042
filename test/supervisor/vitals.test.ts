import { expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { Sample } from '../../src/core/health/sample.ts';
import { LeakMeter } from '../../src/operations/tree/leak-meter.ts';
import { TreeMeter } from '../../src/operations/tree/tree-meter.ts';
import type { WorkerParts } from '../../src/operations/tree/tree-messages.ts';
import { ChromaKeeper } from '../../src/supervisor/chroma-keeper.ts';
import { CachedReading } from '../../src/supervisor/cached-reading.ts';
import type { SupervisorStatus } from '../../src/supervisor/supervisor-status.ts';
import { TreeVitals } from '../../src/supervisor/vitals.ts';
import { entry, manifest, marks, self, SELF_PID, uv, worker } from '../core/builders.ts';
import { FakeMachine } from '../operations/fake-machine.ts';
import { aLog } from '../a-log.ts';

const EVERY_MS = 5_000;
const TREE = 'tree-1';
const WORKER = worker(9_100, SELF_PID, marks(TREE, self, 'worker'));

function vitalsOf(rows: readonly ProcessRow[] = [WORKER]) {
  const machine = new FakeMachine(rows);
  machine.manifests = [manifest(TREE, [entry('supervisor', self), entry('worker', WORKER, { by: self })])];
  const { log, lines } = aLog();
  const samples: Sample[] = [];
  const state = {
    append: (sample: Sample): void => void samples.push(sample),
    status: { state: 'running', restarts: 2, healthy: true } as SupervisorStatus,
    parts: { searchServer: 'answering', vectors: 'ready', reason: null } as WorkerParts | null,
    cleanUps: 0,
  };
  const { clock, signaller } = machine;
  const vitals = new TreeVitals({
    treeId: TREE,
    bootId: 'boot',
    look: new CachedReading(machine.observe, { now: () => clock.now(), cpuMs: () => 0 }),
    meter: new TreeMeter(TREE, null),
    leakMeter: new LeakMeter(null),
    keeper: new ChromaKeeper({
      limits: { memoryBytes: 0, cpuPercent: 0 },
      recycle: () => undefined,
      signaller,
      clock,
      log,
    }),
    append: (sample) => {
      state.append(sample);
    },
    status: () => state.status,
    parts: () => state.parts,
    cleanUp: () => {
      state.cleanUps += 1;
      return Promise.resolve();
    },
    uptimeMs: () => clock.now(),
    clock,
    log,
  });
  const sample = async (times = 1) => {
    for (let round = 0; round < times; round += 1) {
      await clock.sleep(EVERY_MS);
      await vitals.sample();
    }
  };
  return { machine, vitals, samples, state, sample, lines };
}

const ids = (vitals: TreeVitals) => vitals.report().health.map(({ id }) => id);

test('a sample contains the tree and its supervisor, which classifies everything but itself', async () => {
  const { samples, sample } = vitalsOf();
  await sample(2);
  expect(samples[1]).toMatchObject({
    treeId: TREE,
    restarts: 2,
    spanMs: EVERY_MS,
    roles: { supervisor: { processes: 1 }, worker: { processes: 1 } },
    orphans: 0,
    leakedBytes: 0,
  });
});

test('a full disk is logged once, and again when it ends, while the tree stays supervised', async () => {
  const { state, sample, lines, samples, vitals } = vitalsOf();
  const { append } = state;
  state.append = () => {
    throw new Error('ENOSPC');
  };
  state.status = { ...state.status, healthy: false };
  await sample(4);
  expect(lines.filter((line) => line.includes('samples cannot be written'))).toHaveLength(1);
  expect(ids(vitals)).toEqual(['response:worker']);
  state.append = append;
  await sample(2);
  expect(lines.filter((line) => line.includes('samples are written to disk again'))).toHaveLength(1);
  expect(samples).toHaveLength(2);
});

test('a failing snapshot is logged once and affects nothing', async () => {
  const { machine, sample, lines, samples } = vitalsOf();
  machine.onLook = () => {
    throw new Error('no /proc');
  };
  await sample(3);
  machine.onLook = () => undefined;
  await sample(1);
  expect(lines.filter((line) => line.includes('could not sample the tree'))).toHaveLength(1);
  expect(samples).toHaveLength(1);
});

test('a lasting breach is logged once and shown with its start; a short one is not', async () => {
  const { state, sample, lines, vitals } = vitalsOf();
  const well = state.parts;
  state.parts = { searchServer: 'reconnecting', vectors: 'unavailable', reason: 'no uvx' };
  await sample(2);
  state.parts = well;
  await sample(1);
  expect([ids(vitals), lines]).toEqual([[], []]);
  state.parts = { searchServer: 'reconnecting', vectors: 'asleep', reason: null };
  await sample(6);
  expect(ids(vitals)).toEqual(['response:search']);
  expect(lines.filter((line) => line.includes('out of bounds'))).toHaveLength(1);
  state.parts = well;
  await sample(1);
  expect(ids(vitals)).toEqual([]);
  expect(lines.at(-1)).toBe('info within bounds again {"id":"response:search"}');
});

test('there are no breaches while the tree starts', async () => {
  const { state, sample, vitals } = vitalsOf([]);
  state.status = { ...state.status, state: 'starting', healthy: false };
  await sample(5);
  expect(ids(vitals)).toEqual([]);
  state.status = { ...state.status, state: 'running' };
  await sample(3);
  expect(ids(vitals)).toEqual(['count:worker', 'response:worker']);
});

test('orphans of this tree are ended, with growing pauses while that fails; those of other trees are left alone', async () => {
  const gone = worker(8_000, 1);
  const orphanOf = (pid: number, treeId: string) => uv(pid, 1, marks(treeId, gone, 'chroma-sync'));
  const other = vitalsOf([WORKER, orphanOf(8_100, 'tree-0')]);
  await other.sample(5);
  expect([other.state.cleanUps, other.samples.at(-1)?.orphans]).toEqual([0, 1]);
  const own = vitalsOf([WORKER, orphanOf(8_100, TREE)]);
  await own.sample(60);
  // In 5 min: after 10, 20, 40, 80 and 160 s.
  expect(own.state.cleanUps).toBeGreaterThanOrEqual(4);
  expect(own.state.cleanUps).toBeLessThanOrEqual(6);
  expect(ids(own.vitals)).toEqual(['orphans']);
});
