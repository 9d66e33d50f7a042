import { describe, expect, test } from 'vitest';
import type { GuardEntry } from '../../src/core/guard/entry.ts';
import type { Scheduler } from '../../src/operations/ports/guard.ts';
import { createLaunchd } from '../../src/platform/darwin/scheduler/launchd.ts';
import { createSystemd } from '../../src/platform/linux/scheduler/systemd.ts';
import { createCron } from '../../src/platform/posix/scheduler/cron.ts';
import { createTaskScheduler } from '../../src/platform/windows/scheduler/task-scheduler.ts';
import { FakeSystem, MISSING } from '../platform/scheduler/fake-system.ts';

const SCHEDULERS: Readonly<Record<string, (system: FakeSystem) => Scheduler>> = {
  systemd: ({ run, files }) =>
    createSystemd({ run, files, unitFolder: '/home/u/.config/systemd/user', env: {}, uid: 1000 }),
  launchd: ({ run, files }) => createLaunchd({ run, files, agentFolder: '/Users/u/Library/LaunchAgents', uid: 501 }),
  'task-scheduler': ({ run, files }) => createTaskScheduler({ run, files, definitionFile: 'C:\\d\\guard\\task.xml' }),
  cron: ({ run }) =>
    createCron({ run, userName: 'u', now: () => new Date('2026-03-01T10:00:00Z'), isDaemonRunning: () => true }),
};

const entry: GuardEntry = { name: 'claude-mem-guard', script: '/home/u/.claude-mem/guard/run.sh', everySeconds: 600 };
const other: GuardEntry = { ...entry, name: 'claude-mem-guard-0123abcd', script: '/d/guard/run.sh' };

describe.each(Object.keys(SCHEDULERS))('the scheduler %s', (kind) => {
  const create = () => {
    const system = new FakeSystem();
    const scheduler = SCHEDULERS[kind]?.(system);
    if (scheduler === undefined) throw new Error(kind);
    return { system, scheduler };
  };

  test('an entry is absent, then scheduled, then absent again, and nothing of it is left', async () => {
    const { system, scheduler } = create();
    expect(scheduler.kind).toBe(kind);
    expect(await scheduler.whyUnusable(false)).toBeUndefined();
    expect(await scheduler.find(entry)).toMatchObject({ state: 'absent' });
    await scheduler.install(entry);
    expect(await scheduler.find(entry)).toMatchObject({ state: 'scheduled' });
    expect(await scheduler.remove(entry.name)).not.toEqual([]);
    expect(await scheduler.find(entry)).toMatchObject({ state: 'absent' });
    expect([[...system.stored], [...system.active], system.crontab]).toEqual([[], [], undefined]);
  });

  test('installing twice replaces the entry', async () => {
    const { system, scheduler } = create();
    await scheduler.install(entry);
    await scheduler.install({ ...entry, everySeconds: 3_600 });
    expect([...system.stored.values(), system.crontab ?? ''].join('').includes('*/10')).toBe(false);
    await scheduler.remove(entry.name);
    expect([system.stored.size, system.active.size, system.crontab]).toEqual([0, 0, undefined]);
  });

  test('two data dirs have two entries that do not touch each other', async () => {
    const { scheduler } = create();
    await scheduler.install(entry);
    await scheduler.install(other);
    await scheduler.remove(entry.name);
    expect([await scheduler.find(entry), await scheduler.find(other)]).toMatchObject([
      { state: 'absent' },
      { state: 'scheduled' },
    ]);
  });

  test('removing an absent entry changes nothing', async () => {
    const { system, scheduler } = create();
    expect(await scheduler.remove(entry.name)).toEqual([]);
    expect(system.calls.filter((call) => /disable|bootout|Delete|crontab -$|crontab -r/.test(call))).toEqual([]);
  });

  test('the preview has the very text that is written', async () => {
    const { system, scheduler } = create();
    await scheduler.install(entry);
    const written = [...system.stored.values(), ...(system.crontab === undefined ? [] : [system.crontab])];
    if (kind !== 'task-scheduler') expect(scheduler.preview(entry).map(({ content }) => content)).toEqual(written);
    expect(scheduler.preview(entry).every(({ path, content }) => path !== '' && content !== '')).toBe(true);
  });

  test('a missing program makes it unusable, unknown and loud, and leaves no file', async () => {
    const { system, scheduler } = create();
    for (const program of ['crontab', 'systemctl', 'launchctl', 'schtasks']) system.failing.set(program, MISSING);
    expect(await scheduler.whyUnusable(false)).toContain('there is no such program');
    await expect(scheduler.install(entry)).rejects.toMatchObject({ code: 'io' });
    expect(system.stored.size).toBe(0);
  });

  test('an interval that is too short is refused', () => {
    expect(create().scheduler.whyRefused({ ...entry, everySeconds: 30 })).toMatch(/between 1m and 1d/);
    expect(create().scheduler.whyRefused(entry)).toBeUndefined();
  });
});
