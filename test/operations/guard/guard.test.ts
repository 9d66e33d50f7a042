import { describe, expect, test } from 'vitest';
import { guardStatus } from '../../../src/operations/guard/guard-status.ts';
import { installGuard, type InstallRequest } from '../../../src/operations/guard/install-guard.ts';
import { removeGuard } from '../../../src/operations/guard/remove-guard.ts';
import { aRun, aState, FakeScheduler, FakeStore } from './fake-guard.ts';

const NAME = 'claude-mem-guard';

function aGuard() {
  const systemd = new FakeScheduler('systemd');
  const cron = new FakeScheduler('cron');
  const store = new FakeStore();
  const locks: string[] = [];
  const underLock = <T>(action: () => Promise<T>) => {
    locks.push('taken');
    return action();
  };
  const ports = {
    ...{ schedulers: [systemd, cron], store, platform: 'linux' as const, underLock },
    ...{ date: () => new Date('2026-03-01T10:00:00Z'), prepareDataDir: () => Promise.resolve() },
  };
  const install = (more: Partial<InstallRequest> = {}) =>
    installGuard(ports, {
      ...{ name: NAME, everySeconds: 600, scheduler: undefined, dryRun: false, byHand: 'claude-mem guard run' },
      script: { dataDir: '/d', launcher: '/usr/bin/claude-mem', folders: [], include: [] },
      include: [],
      ...more,
    });
  const remove = (dryRun = false) => removeGuard(ports, { name: NAME, dryRun });
  const status = (now = '2026-03-01T10:05:00Z', bootedAt = '2026-01-01T00:00:00Z') =>
    guardStatus({ ...ports, now: new Date(now), bootedAt: new Date(bootedAt) }, { name: NAME, searches: true });
  return { systemd, cron, store, locks, install, remove, status };
}

describe('installing a guard', () => {
  test('the first usable scheduler gets the entry, after the script is written', async () => {
    const { systemd, cron, store, install } = aGuard();
    systemd.unusable = 'no bus';
    expect(await install()).toMatchObject({ scheduler: 'cron', removed: [] });
    expect(cron.entries.get(NAME)).toEqual({ name: NAME, script: store.script, everySeconds: 600 });
    expect(store.text).toContain('launcher=/usr/bin/claude-mem\n');
    expect(store.record).toMatchObject({
      scheduler: 'cron',
      everySeconds: 600,
      include: [],
      installedAt: '2026-03-01T10:00:00.000Z',
    });
  });

  test('a dry run returns every file and writes none', async () => {
    const { systemd, store, locks, install } = aGuard();
    const { files } = await install({ dryRun: true });
    expect(files.map(({ path }) => path)).toEqual([store.script, `/etc/${NAME}`]);
    expect([store.text, store.record, systemd.entries.size, locks]).toEqual([undefined, undefined, 0, []]);
  });

  test('another scheduler replaces the first one', async () => {
    const { systemd, cron, install } = aGuard();
    await install();
    expect(await install({ scheduler: 'cron' })).toMatchObject({ removed: [`Removed ${NAME} from systemd`] });
    expect([systemd.entries.size, cron.entries.size]).toEqual([0, 1]);
  });

  test('a machine without a usable scheduler gets a reason for each, and a command to schedule by hand', async () => {
    const { systemd, cron, store, install } = aGuard();
    systemd.unusable = 'no bus';
    cron.unusable = 'there is no crontab';
    await expect(install()).rejects.toMatchObject({
      code: 'io',
      message: 'no scheduler can run the guard (systemd: no bus; cron: there is no crontab)',
      hint: 'Let any scheduler run this command: claude-mem guard run',
    });
    expect(store.text).toBeUndefined();
  });

  test('a scheduler of another system, or one that cannot store the entry, is wrong usage', async () => {
    const { cron, install } = aGuard();
    await expect(install({ scheduler: 'launchd' })).rejects.toMatchObject({
      code: 'usage',
      message: 'this system has no launchd',
    });
    cron.refused = 'cron cannot run a command every 7m';
    await expect(install({ scheduler: 'cron' })).rejects.toMatchObject({ code: 'usage' });
  });

  test('a failing scheduler leaves no script of a new guard, and keeps the one of an older guard', async () => {
    const { systemd, store, install } = aGuard();
    systemd.isBroken = true;
    await expect(install()).rejects.toThrow('the scheduler is broken');
    expect(store.text).toBeUndefined();
    systemd.isBroken = false;
    await install();
    systemd.isBroken = true;
    await expect(install()).rejects.toThrow('the scheduler is broken');
    expect([store.text === undefined, store.record === undefined]).toEqual([false, false]);
  });

  test('a full disk makes no entry', async () => {
    const { systemd, store, install } = aGuard();
    store.isFull = true;
    await expect(install()).rejects.toMatchObject({ code: 'io' });
    expect(systemd.entries.size).toBe(0);
  });
});

describe('removing a guard', () => {
  test('the entry of each scheduler and the files go, also without a record', async () => {
    const { systemd, cron, store, install, remove } = aGuard();
    await install();
    cron.entries.set(NAME, { name: NAME, script: store.script, everySeconds: 60 });
    store.record = undefined;
    expect(await remove()).toMatchObject({
      changes: [`Removed ${NAME} from systemd`, `Removed ${NAME} from cron`, `Removed ${store.script}`],
    });
    expect([systemd.entries.size, cron.entries.size, store.text]).toEqual([0, 0, undefined]);
  });

  test('a dry run and a second removal change nothing and take no lock', async () => {
    const { systemd, locks, install, remove } = aGuard();
    await install();
    expect(await remove(true)).toEqual({ changes: [], found: ['systemd'] });
    expect(systemd.entries.size).toBe(1);
    await remove();
    const before = locks.length;
    expect(await remove()).toEqual({ changes: [], found: [] });
    expect(locks).toHaveLength(before);
  });
});

describe('the status of a guard', () => {
  test('without an installation it is not installed', async () => {
    expect(await aGuard().status()).toMatchObject({ state: 'not-installed', problems: [], files: [], scheduler: null });
  });

  test('a new installation is healthy before its first run', async () => {
    const { install, status } = aGuard();
    await install();
    expect(await status()).toMatchObject({ state: 'healthy', scheduler: 'systemd', everySeconds: 600, lastRun: null });
  });

  test('no run for three intervals is a problem, counted from the installation, the last run or the boot', async () => {
    const { store, install, status } = aGuard();
    await install();
    expect((await status('2026-03-01T10:30:00Z')).problems).toEqual([]);
    expect((await status('2026-03-01T10:31:00Z')).problems).toEqual([
      'the guard should run every 10m, but its last run is missing',
    ]);
    expect((await status('2026-03-01T12:10:00Z', '2026-03-01T12:00:00Z')).problems).toEqual([]);
    store.state = aState(aRun({ startedAt: '2026-03-01T10:20:00.000Z' }));
    expect((await status('2026-03-01T10:49:00Z')).problems).toEqual([]);
    expect((await status('2026-03-01T10:51:00Z')).problems[0]).toContain('its last run is 2026-03-01T10:20:00.000Z');
  });

  test.each([
    [
      { result: 'failed', error: { code: 'lock-held', message: 'pid 7 holds the lock', hint: null } } as const,
      'the last run failed: pid 7 holds the lock',
    ],
    [{ result: 'left', remaining: 2 } as const, 'the last run left 2 leaked processes running'],
    [{ result: 'incomplete' } as const, 'the last run could not read the whole process table'],
  ])('a last run that went wrong is a problem: %o', async (run, problem) => {
    const { store, install, status } = aGuard();
    await install();
    store.state = aState(aRun(run));
    expect(await status()).toMatchObject({ state: 'broken', problems: [problem], fix: 'claude-mem guard run' });
    // A new installation starts afresh.
    store.state = aState(aRun({ ...run, startedAt: '2026-03-01T09:00:00.000Z' }));
    expect(await status()).toMatchObject({ state: 'healthy' });
  });

  test('a missing entry, a stopped one, a missing script and a script that finds nothing are problems', async () => {
    const { systemd, store, install, status } = aGuard();
    await install();
    systemd.state = 'stopped';
    store.problem = 'no-program';
    expect((await status()).problems).toEqual([
      'systemd has the entry of this guard, but does not run it',
      'the guard did not find claude-mem-cli; install it with npm install -g claude-mem-cli',
    ]);
    expect((await status()).fix).toBe('claude-mem guard install');
    systemd.entries.clear();
    store.text = undefined;
    expect((await status()).problems).toEqual([
      'systemd no longer has the entry of this guard',
      'the script /d/guard/run.sh is missing',
    ]);
  });

  test('a scheduler that does not answer is no problem by itself', async () => {
    const { systemd, install, status } = aGuard();
    await install();
    systemd.state = 'unknown';
    expect(await status()).toMatchObject({ state: 'healthy', nextRunAt: null });
  });

  test('an entry without its record is broken', async () => {
    const { store, install, status } = aGuard();
    await install();
    store.record = undefined;
    expect(await status()).toMatchObject({
      state: 'broken',
      problems: ['systemd has an entry for this data dir, but its record is gone'],
    });
  });
});
