import { expect, test, vi } from 'vitest';
import { planReap } from '../../../src/core/verdicts/plan-reap.ts';
import { reapAndTidy, type ReapAndTidyPorts } from '../../../src/operations/terminate/reap-and-tidy.ts';
import { keyOf } from '../../../src/operations/terminate/terminate-until-quiet.ts';
import type { TreeFiles } from '../../../src/operations/tree/tidy-trees.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { python, uv } from '../../core/builders.ts';
import { FakeMachine } from '../fake-machine.ts';

const pair = (pid: number) => [uv(pid, 1, { sid: 99 }), python(pid + 1, pid, { sid: 99 })];
const request = { includeExcess: false };

function portsOf(fake: FakeMachine, more: Partial<ReapAndTidyPorts> = {}) {
  const files = { putRetiredAway: vi.fn() } as unknown as TreeFiles;
  const taken = vi.fn();
  const ports: ReapAndTidyPorts = {
    observe: () => fake.observe(),
    clock: fake.clock,
    loadSignaller: () => Promise.resolve(fake.signaller),
    loadTrees: () => files,
    underOperationLock: (action) => {
      taken();
      return action();
    },
    ...more,
  };
  return { ports, taken };
}

async function seenBy(fake: FakeMachine) {
  const seen = await fake.observe();
  const seenAt = fake.clock.now();
  return { seen, seenAt, plan: planReap(seen.judgements, seen.index, request), request, graceMs: 1_000 };
}

test('a plan with nothing to end or tidy takes no lock', async () => {
  const fake = new FakeMachine();
  const { ports, taken } = portsOf(fake);
  const { result, tidied } = await reapAndTidy(ports, await seenBy(fake));
  expect([result.outcomes, tidied.lines]).toEqual([[], []]);
  expect(taken).not.toHaveBeenCalled();
});

test('a plan is carried out under the lock, and never grows beyond the processes that were agreed to', async () => {
  const fake = new FakeMachine(pair(200));
  const { ports, taken } = portsOf(fake);
  const shown = await seenBy(fake);
  for (const row of pair(300)) fake.start(row);
  const agreed = new Set(shown.plan.plan.map(keyOf));
  const { result } = await reapAndTidy(ports, { ...shown, agreed });
  expect(taken).toHaveBeenCalledOnce();
  expect(result.outcomes.map(({ pid }) => pid)).toEqual([200, 201]);
  expect(result.remaining.map(({ row }) => row.pid)).toEqual([300, 301]);
});

test.each([
  ['fresh', 0, 2],
  ['old', 1_000, 3],
])('a plan that is %s, %i ms after its reading, takes %i readings in all', async (_, waitedMs, readings) => {
  const fake = new FakeMachine(pair(200));
  const observe = vi.fn(() => fake.observe());
  const { ports } = portsOf(fake, {
    observe,
    underOperationLock: async (action) => {
      await fake.clock.sleep(waitedMs);
      return action();
    },
  });
  const { result } = await reapAndTidy(ports, await seenBy(fake));
  expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(['exited', 'exited']);
  expect(observe).toHaveBeenCalledTimes(readings);
});

test('a process that starts while the lock is awaited is found', async () => {
  const fake = new FakeMachine(pair(200));
  const { ports } = portsOf(fake, {
    underOperationLock: async (action) => {
      await fake.clock.sleep(1_000);
      for (const row of pair(300)) fake.start(row);
      return action();
    },
  });
  const { result } = await reapAndTidy(ports, await seenBy(fake));
  expect(result.plan.plan.map(({ row }) => row.pid)).toEqual([200, 201, 300, 301]);
});

test('a lock file that cannot be used keeps no leak alive, and is reported', async () => {
  const fake = new FakeMachine(pair(200));
  const io = new ClaudeMemError('io', 'the disk is full');
  const { ports } = portsOf(fake, {
    underOperationLock: async (action, goesOnWithout) => {
      expect(goesOnWithout(io)).toBe(true);
      return await action();
    },
  });
  const { result, tidied } = await reapAndTidy(ports, await seenBy(fake));
  expect(result.outcomes).toHaveLength(2);
  expect(tidied.error).toBe(io);
});

test('a lock that another command holds ends nothing', async () => {
  const fake = new FakeMachine(pair(200));
  const held = new ClaudeMemError('lock-held', 'claude-mem start holds it');
  const { ports } = portsOf(fake, {
    underOperationLock: (_action, goesOnWithout) => {
      expect(goesOnWithout(held)).toBe(false);
      return Promise.reject(held);
    },
  });
  await expect(reapAndTidy(ports, await seenBy(fake))).rejects.toBe(held);
  expect(fake.signals).toEqual([]);
});

test('manifests that cannot be written do not hide the outcomes', async () => {
  const fake = new FakeMachine(pair(200));
  const error = new ClaudeMemError('io', 'the disk is full');
  const { ports } = portsOf(fake, {
    loadTrees: () => {
      throw error;
    },
  });
  const { result, tidied } = await reapAndTidy(ports, await seenBy(fake));
  expect(result.outcomes).toHaveLength(2);
  expect(tidied).toEqual({ lines: [], error });
});
