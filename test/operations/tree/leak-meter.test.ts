import { expect, test } from 'vitest';
import { judgeReading, type Observation } from '../../../src/operations/observe/observe.ts';
import { LeakMeter } from '../../../src/operations/tree/leak-meter.ts';
import type { MeasureProcess } from '../../../src/operations/ports/tree.ts';
import { bornAt, DATA_DIR, machine, snapshotOf, uv } from '../../core/builders.ts';

const FIRST_PID = 20_000;
const BORN = 5_000;

/** A reading in which this many leaks were found. */
function leaks(amount: number, first = FIRST_PID, complete = true): Observation {
  const rows = Array.from({ length: amount }, (_, position) => uv(first + position, 1, bornAt(BORN)));
  const observation = judgeReading({
    snapshot: snapshotOf([...machine, ...rows], { complete }),
    ...{ dataDir: DATA_DIR, manifests: [], damaged: [], otherRegistries: [], answering: [] },
  });
  const judgements = observation.judgements.map((judgement) => ({
    ...judgement,
    verdict: judgement.row.pid >= FIRST_PID ? ('orphan' as const) : judgement.verdict,
  }));
  return { ...observation, judgements };
}

function meterOf(bytesOf: (pid: number) => number | undefined = () => 10) {
  const asked: number[] = [];
  const measure: MeasureProcess = (pid) => {
    asked.push(pid);
    const pssBytes = bytesOf(pid);
    return pssBytes === undefined ? undefined : { startTicks: BORN, pssBytes, swapBytes: 1 };
  };
  return { meter: new LeakMeter(measure), asked };
}

test('the memory of leaks is the sum of their PSS and swap', () => {
  expect(meterOf().meter.measure(leaks(3))).toBe(33);
});

test('without leaks it is zero, and unknown if the reading is incomplete', () => {
  const { meter } = meterOf();
  expect([meter.measure(leaks(0)), meter.measure(leaks(0, FIRST_PID, false))]).toEqual([0, null]);
});

test('a round measures a bounded number of leaks, and the sum is unknown until all are measured', () => {
  const { meter, asked } = meterOf();
  expect([meter.measure(leaks(250)), asked.length]).toEqual([null, 100]);
  expect([meter.measure(leaks(250)), asked.length]).toEqual([null, 210]);
  expect([meter.measure(leaks(250)), asked.length]).toEqual([2_750, 270]);
});

test('figures are renewed in turn', () => {
  let bytes = 9;
  const { meter } = meterOf(() => bytes);
  expect(meter.measure(leaks(25))).toBe(250);
  bytes = 99;
  expect([1, 2, 3].map(() => meter.measure(leaks(25)))).toEqual([1_150, 2_050, 2_500]);
});

test('a leak that is gone, or whose pid is reused, uses no memory', () => {
  const { meter } = meterOf((pid) => (pid === FIRST_PID ? undefined : 9));
  expect(meter.measure(leaks(2))).toBe(10);
  const reused = new LeakMeter(() => ({ startTicks: BORN + 1, pssBytes: 9 }));
  expect(reused.measure(leaks(2))).toBe(0);
});

test('a leak that has ended no longer counts', () => {
  const { meter } = meterOf();
  expect([meter.measure(leaks(3)), meter.measure(leaks(1))]).toEqual([33, 11]);
});

test('memory that cannot be read makes the sum unknown', () => {
  expect(new LeakMeter(() => ({ startTicks: BORN })).measure(leaks(1))).toBeNull();
});
