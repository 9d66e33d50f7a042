import { expect, test, vi } from 'vitest';
import type { HealthMonitor } from '../../src/supervisor/health-monitor.ts';
import {
  cleaningAfter,
  leave,
  runOf,
  treeStateOf,
  type SupervisorState,
  type WorkerRun,
} from '../../src/supervisor/state.ts';

const run = { isReplaced: false } as WorkerRun;
const stop = vi.fn();
const monitor = { stop } as unknown as HealthMonitor;
const aTimer = (fire: () => void = () => undefined) => setTimeout(fire, 1);
const done = Promise.resolve(true);

test.each<[SupervisorState, string, boolean]>([
  [{ name: 'waiting' }, 'starting', false],
  [{ name: 'spawned', run, timer: aTimer() }, 'starting', true],
  [{ name: 'running', run, monitor, timer: aTimer() }, 'running', true],
  [{ name: 'replacing', run, treeState: 'running' }, 'running', true],
  [{ name: 'replacing', run, treeState: 'starting' }, 'starting', true],
  [{ name: 'cleaning', treeState: 'running', isReplaced: false }, 'running', false],
  [{ name: 'cleaning', treeState: 'failed', isReplaced: false }, 'failed', false],
  [{ name: 'failed' }, 'failed', false],
  [{ name: 'failed', run }, 'failed', true],
  [{ name: 'stopping', done }, 'stopping', false],
  [{ name: 'stopping', run, done }, 'stopping', true],
])('state %o is recorded as %s', (state, treeState, hasWorker) => {
  expect(treeStateOf(state)).toBe(treeState);
  expect(runOf(state)).toBe(hasWorker ? run : undefined);
});

test('leaving a state stops its timer and its health monitor', async () => {
  const fired = vi.fn();
  leave({ name: 'running', run, monitor, timer: aTimer(fired) });
  expect(stop).toHaveBeenCalledOnce();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(fired).not.toHaveBeenCalled();
});

test('the exit of a worker keeps the recorded state until its leftovers are gone', () => {
  expect(cleaningAfter({ name: 'running', run, monitor, timer: aTimer() }, run)).toEqual({
    ...{ name: 'cleaning', treeState: 'running', isReplaced: false },
  });
  expect(cleaningAfter({ name: 'failed', run }, { ...run, isReplaced: true })).toEqual({
    ...{ name: 'cleaning', treeState: 'failed', isReplaced: true },
  });
});
