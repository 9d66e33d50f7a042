import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { judgeReading } from '../../../src/operations/observe/observe.ts';
import { TreeMeter } from '../../../src/operations/tree/tree-meter.ts';
import {
  DATA_DIR,
  bornAt,
  entry,
  machine,
  manifest,
  marks,
  self,
  SELF_PID,
  snapshotOf,
  worker,
} from '../../core/builders.ts';

const TREE = 'tree-1';
const EVERY_MS = 5_000;

/** Measures a tree of this supervisor and what else is given, each time with a look that was taken at those ticks. */
function meterOf() {
  const meter = new TreeMeter(TREE, null);
  let round = 0;
  return (rows: readonly ProcessRow[], nowTicks: number): Readonly<Record<number, number | null>> => {
    const others = machine.filter(({ pid }) => !rows.some((row) => row.pid === pid));
    const manifests = [
      manifest(TREE, [entry('supervisor', self), ...rows.map((row) => entry('worker', row, { by: self }))]),
    ];
    const observation = judgeReading({
      snapshot: snapshotOf([...others, ...rows], { nowTicks }),
      ...{ dataDir: DATA_DIR, manifests, damaged: [], otherRegistries: [], answering: [] },
    });
    round += 1;
    const uses = meter.measure(observation, round * EVERY_MS);
    return Object.fromEntries(uses.map(({ row, cpuPercent }) => [row.pid, cpuPercent]));
  };
}

const member = (pid: number, born: number, cpuTicks: number) =>
  worker(pid, SELF_PID, { ...marks(TREE, self, 'worker'), ...bornAt(born), cpuTicks });

test('CPU is measured since the previous measurement, in percent of a core', () => {
  const measure = meterOf();
  expect(measure([member(9_100, 5_000, 100)], 10_000)[9_100]).toBeNull();
  expect(measure([member(9_100, 5_000, 350)], 10_500)[9_100]).toBe(50);
});

test('a process born since the previous measurement has used all its CPU time since then', () => {
  const measure = meterOf();
  measure([member(9_100, 5_000, 0)], 10_000);
  expect(measure([member(9_100, 5_000, 0), member(9_200, 10_100, 100)], 10_500)[9_200]).toBe(20);
});

test('CPU time used before a process joined the tree is not counted', () => {
  const measure = meterOf();
  measure([member(9_100, 5_000, 0)], 10_000);
  const late = (cpuTicks: number) => [member(9_100, 5_000, 0), member(9_200, 6_000, cpuTicks)];
  expect(measure(late(4_000), 10_500)[9_200]).toBeNull();
  expect(measure(late(4_050), 11_000)[9_200]).toBe(10);
});
