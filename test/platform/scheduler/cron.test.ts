import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { GuardEntry } from '../../../src/core/guard/entry.ts';
import { createCron } from '../../../src/platform/posix/scheduler/cron.ts';
import { isCronDaemonRunning } from '../../../src/platform/posix/scheduler/cron-daemon.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { FakeSystem } from './fake-system.ts';

const entry: GuardEntry = { name: 'claude-mem-guard', script: '/home/u/.claude-mem/guard/run.sh', everySeconds: 600 };

function cronOn(system: FakeSystem, isDaemonRunning: boolean | undefined = true) {
  const now = () => new Date('2026-03-01T10:03:00Z');
  return createCron({ run: system.run, userName: 'u', now, isDaemonRunning: () => isDaemonRunning });
}

describe('a crontab that cannot be read', () => {
  test.each([
    'crontab: you (u) are not allowed to use this program',
    'crontab: installing new crontab\nout of memory',
    'crontabs/u/: fopen: Permission denied',
    '',
  ])('a crontab that crontab -l does not show is never written: "%s"', async (stderr) => {
    const system = new FakeSystem();
    system.crontab = '* * * * * precious\n';
    system.failing.set('crontab -l', { exitCode: 1, stdout: '', stderr, failure: undefined });
    const cron = cronOn(system);
    await expect(cron.install(entry)).rejects.toMatchObject({ code: 'io' });
    await expect(cron.remove(entry.name)).rejects.toMatchObject({ code: 'io' });
    expect(await cron.find(entry)).toMatchObject({ state: 'unknown' });
    expect(system.crontab).toBe('* * * * * precious\n');
    expect(system.calls.every((call) => call === 'crontab -l')).toBe(true);
  });

  test.each([
    'no crontab for u',
    "crontab: can't open 'u': No such file or directory",
    "crontab: can't open your crontab file.",
  ])('a user without a crontab gets a new one: "%s"', async (stderr) => {
    const system = new FakeSystem();
    system.failing.set('crontab -l', { exitCode: 1, stdout: '', stderr, failure: undefined });
    system.onCall = (call) => {
      if (call === 'crontab -') system.failing.clear();
    };
    await cronOn(system).install(entry);
    expect(system.crontab).toContain('# BEGIN claude-mem-guard (');
  });
});

test('a crontab that a person changes meanwhile is not overwritten', async () => {
  const system = new FakeSystem();
  system.crontab = 'a\n';
  let reads = 0;
  system.onCall = () => {
    reads += 1;
    if (reads === 2) system.crontab = 'a\nedited\n';
  };
  await expect(cronOn(system).install(entry)).rejects.toThrow('the crontab was changed meanwhile');
  expect(system.crontab).toBe('a\nedited\n');
});

test('bytes that are no UTF-8 survive an installation and a removal', async () => {
  const system = new FakeSystem();
  const before = Buffer.from([0x23, 0xff, 0xfe, 0xc3, 0x0a, 0x78]).toString('latin1');
  system.crontab = before;
  const cron = cronOn(system);
  await cron.install(entry);
  expect(system.crontab.startsWith(before)).toBe(true);
  await cron.remove(entry.name);
  expect(system.crontab).toBe(before);
});

test('cron without its daemon is not chosen, unless the user names it; an installed entry then counts as stopped', async () => {
  const system = new FakeSystem();
  const cron = cronOn(system, false);
  expect(await cron.whyUnusable(false)).toBe('no cron daemon runs');
  expect(await cron.whyUnusable(true)).toBeUndefined();
  await cron.install(entry);
  expect(await cron.find(entry)).toMatchObject({ state: 'stopped', nextRunAt: null });
  expect(await cronOn(system, undefined).find(entry)).toMatchObject({
    state: 'scheduled',
    nextRunAt: '2026-03-01T10:10:00.000Z',
  });
});

test('a path that makes the line longer than cron reads is refused', () => {
  const script = `/${'日'.repeat(90)}/guard/run.sh`;
  expect(cronOn(new FakeSystem()).whyRefused({ ...entry, script })).toMatch(/too long/);
});

test('the cron daemon is found by its name, and is unknown where processes are hidden', () => {
  const proc = tempDir();
  const start = (pid: number, name: string) => {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'comm'), `${name}\n`);
  };
  start(7, 'sh');
  expect(isCronDaemonRunning(proc)).toBeUndefined();
  start(1, 'init');
  expect(isCronDaemonRunning(proc)).toBe(false);
  start(9, 'crond');
  expect(isCronDaemonRunning(proc)).toBe(true);
  expect(isCronDaemonRunning('/nonexistent')).toBeUndefined();
});
