import { expect, test } from 'vitest';
import { guardCheck } from '../../../src/operations/doctor/checks/guard.ts';
import type { GuardStatus } from '../../../src/operations/guard/guard-status.ts';
import { fakePorts, findingOf } from './fake-ports.ts';

async function findingFor(more: Partial<GuardStatus>) {
  const status = { ...(await fakePorts().others.guard()), ...more };
  return findingOf(guardCheck, { others: { guard: () => Promise.resolve(status) } });
}

test('a missing guard is no problem, and the check names the command that installs it', async () => {
  expect(await findingFor({})).toEqual({
    status: 'skip',
    detail: 'not installed; claude-mem guard install ends leaks every 10 minutes',
  });
});

test('a healthy guard passes with its interval and what it ended', async () => {
  expect(await findingFor({ state: 'healthy', scheduler: 'cron', everySeconds: 3_600, endedTotal: 1 })).toEqual({
    status: 'pass',
    detail: 'cron, every 1h; 1 process ended so far',
  });
});

test('a broken guard warns with each problem, and is repaired by a new installation', async () => {
  expect(
    await findingFor({
      ...{ state: 'broken', problems: ['the script is missing', 'the last run failed: x'] },
      fix: 'claude-mem guard install',
    }),
  ).toEqual({
    status: 'warn',
    detail: 'the script is missing; the last run failed: x',
    fix: 'claude-mem guard install',
  });
});

test('a guard whose scheduler does not answer passes only with a recorded run', async () => {
  const unknown = {
    ...({ state: 'healthy', scheduler: 'systemd', everySeconds: 600, isConfirmed: false } as const),
    ...{ remark: 'systemctl --user failed: no bus', installedAt: '2026-11-29T10:00:00.000Z' },
  };
  const run = (startedAt: string) => ({ startedAt }) as GuardStatus['lastRun'];
  expect(await findingFor(unknown)).toEqual({
    status: 'error',
    detail: 'systemd does not say whether it runs the guard (systemctl --user failed: no bus), and no run is recorded',
  });
  expect((await findingFor({ ...unknown, lastRun: run('2026-11-29T09:00:00.000Z') })).status).toBe('error');
  expect((await findingFor({ ...unknown, lastRun: run('2026-11-29T10:10:00.000Z') })).status).toBe('pass');
});
