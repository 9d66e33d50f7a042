import { expect, test } from 'vitest';
import { BYTES_PER_MB } from '../../src/core/health/chroma-limits.ts';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { ChromaKeeper } from '../../src/supervisor/chroma-keeper.ts';
import { FakeMachine } from '../operations/fake-machine.ts';
import { row } from '../core/builders.ts';
import { aLog } from '../a-log.ts';

const EVERY_MS = 5_000;
const WRAPPER = row(500, 90, 'uv tool uvx chroma-mcp');
const PYTHON = row(501, 500, 'python chroma-mcp');

/** A keeper of a Chroma on a simulated machine; `sample` is one round of the supervisor. */
function keeperOf(limits = { memoryBytes: 100 * BYTES_PER_MB, cpuPercent: 0 }) {
  const machine = new FakeMachine([WRAPPER, PYTHON]);
  const asked: { reason: string; restMs: number }[] = [];
  const { log, lines } = aLog();
  const keeper = new ChromaKeeper({
    limits,
    recycle: (reason, restMs) => asked.push({ reason, restMs }),
    signaller: machine.signaller,
    clock: machine.clock,
    log,
  });
  const sample = async (megabytes: number, rows: readonly ProcessRow[] = [WRAPPER, PYTHON], cpuPercent = 0) => {
    await machine.clock.sleep(EVERY_MS);
    const use = { role: 'chroma-sync', memoryKind: 'pss+swap', cpuPercent } as const;
    await keeper.check(rows.map((it) => ({ ...use, row: it, memoryBytes: (megabytes * BYTES_PER_MB) / rows.length })));
  };
  return { machine, keeper, asked, sample, lines };
}

/** The next pair, as the worker would start it. */
const nextPair = (generation: number) =>
  [WRAPPER, PYTHON].map((it) => ({ ...it, pid: it.pid + 10 * generation, startTicks: 6_000 + 100 * generation }));

test('adds wrapper and python; asks the worker once and signals nothing if the worker recycles', async () => {
  const { machine, keeper, asked, sample } = keeperOf();
  await sample(130);
  expect(asked).toEqual([]);
  await sample(130);
  expect(asked).toEqual([{ reason: 'Chroma used 130 MB, over its limit of 100 MB', restMs: 0 }]);
  await sample(130);
  await sample(0, []);
  expect(asked).toHaveLength(1);
  expect(machine.signals).toEqual([]);
  expect(keeper.report).toMatchObject({ count: 1, wasForced: false, restsUntil: null });
  expect(keeper.breaches()).toEqual([]);
});

test('ends by identity only the processes over the limit if the worker does not recycle in time', async () => {
  const { machine, keeper, sample } = keeperOf();
  const stranger = row(777, 90, 'python chroma-mcp');
  machine.start(stranger);
  machine.behave(501, { endsAfterMs: Infinity });
  for (let round = 0; round < 4; round += 1) await sample(130);
  expect(machine.signals).toEqual(['SIGTERM 500', 'SIGTERM 501', 'SIGKILL 501']);
  expect([machine.has(500), machine.has(501), machine.has(777)]).toEqual([false, false, true]);
  expect(keeper.report?.wasForced).toBe(true);
  expect(machine.openHandles).toBe(0);
});

test('does not signal a pid that was reused meanwhile', async () => {
  const { machine, sample } = keeperOf();
  await sample(130);
  await sample(130);
  machine.end(500);
  machine.start({ ...WRAPPER, startTicks: 9_999 });
  machine.end(501);
  for (let round = 0; round < 3; round += 1) await sample(130, [{ ...WRAPPER, startTicks: 9_999 }]);
  expect(machine.signals).toEqual([]);
});

test('pauses longer after each recycle, keeps half a minute between two, and reports it', async () => {
  const { machine, keeper, asked, sample } = keeperOf();
  const times: number[] = [];
  for (let round = 0, generation = 0; round < 60; round += 1) {
    const before = asked.length;
    await sample(130, nextPair(generation));
    if (asked.length === before) continue;
    times.push(machine.clock.now());
    generation += 1;
  }
  expect(asked.slice(0, 5).map(({ restMs }) => restMs)).toEqual([0, 60_000, 120_000, 240_000, 480_000]);
  const pauses = times.slice(1).map((time, index) => time - times[index]!);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(30_000);
  expect(keeper.breaches()).toEqual([
    {
      id: 'limit:chroma',
      message: expect.stringMatching(/^Chroma used 130 MB.*; recycled \d+ times, paused until /) as string,
    },
  ]);
  expect(machine.signals).toEqual([]);
});

test('counts a recycle as the first again after ten minutes within the limits', async () => {
  const { asked, sample } = keeperOf();
  await sample(130);
  await sample(130);
  await sample(0, []);
  for (let round = 0; round < 130; round += 1) await sample(50, nextPair(1));
  await sample(130, nextPair(1));
  await sample(130, nextPair(1));
  expect(asked.map(({ restMs }) => restMs)).toEqual([0, 0]);
});

test('measures CPU over a minute; without limits never recycles', async () => {
  const busy = keeperOf({ memoryBytes: 0, cpuPercent: 80 });
  for (let round = 0; round < 14; round += 1) await busy.sample(900, [WRAPPER], 99);
  expect(busy.asked).toEqual([
    { reason: 'Chroma used 99 % of a core for a minute, over its limit of 80 %', restMs: 0 },
  ]);
  const free = keeperOf({ memoryBytes: 0, cpuPercent: 0 });
  for (let round = 0; round < 30; round += 1) await free.sample(90_000, [WRAPPER], 800);
  expect(free.asked).toEqual([]);
});
