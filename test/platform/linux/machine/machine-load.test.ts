import { expect, test } from 'vitest';
import { readMachineLimits, readMachineMemory } from '../../../../src/platform/linux/machine/machine-load.ts';

const MEMINFO =
  'MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\nSwapTotal:       4000000 kB\nSwapFree:  1000000 kB\n';
const KB = 1024;

const files = (given: Readonly<Record<string, string>>) => (path: string) => given[path];

test('reads memory, swap, pressure and the limit of the tightest control group', () => {
  const read = files({
    '/proc/meminfo': MEMINFO,
    '/proc/pressure/memory':
      'some avg10=0.00 avg60=12.50 avg300=0.40 total=12\nfull avg10=0 avg60=1 avg300=0 total=3\n',
    '/proc/self/cgroup': '0::/user.slice/app.service\n',
    '/sys/fs/cgroup/memory.max': 'max\n',
    '/sys/fs/cgroup/user.slice/memory.max': '9000000000\n',
    '/sys/fs/cgroup/user.slice/app.service/memory.max': '2000000000\n',
    '/sys/fs/cgroup/user.slice/app.service/memory.current': '1500000000\n',
    '/sys/fs/cgroup/user.slice/app.service/memory.stat': 'anon 5\ninactive_file 400000000\n',
  });
  expect(readMachineMemory(read)).toEqual({
    totalBytes: 16_000_000 * KB,
    availableBytes: 8_000_000 * KB,
    swapTotalBytes: 4_000_000 * KB,
    swapFreeBytes: 1_000_000 * KB,
    pressurePercent: 12.5,
    limitBytes: 2_000_000_000,
    usedOfLimitBytes: 1_100_000_000,
  });
});

test('values that the kernel or container hides are unknown', () => {
  expect(readMachineMemory(files({}))).toBeUndefined();
  expect(readMachineMemory(files({ '/proc/meminfo': MEMINFO }))).toMatchObject({
    pressurePercent: undefined,
    limitBytes: undefined,
  });
  expect(readMachineLimits(files({}), 0)).toEqual({ openFiles: undefined, processes: [] });
});

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             100                  4096                 processes
Max open files            1024                 20000                files
`;

test('reads the limits of the user, the control group and the machine', () => {
  const read = files({
    '/proc/self/limits': LIMITS,
    '/proc/self/cgroup': '0::/app\n',
    '/sys/fs/cgroup/app/pids.max': '500\n',
    '/sys/fs/cgroup/app/pids.current': '480\n',
    '/proc/sys/kernel/threads-max': '90000\n',
    '/proc/loadavg': '0.00 0.01 0.05 1/123 4567\n',
  });
  const { openFiles, processes } = readMachineLimits(read, 0);
  expect(openFiles?.most).toBe(20_000);
  // Only the last two limits apply to root.
  expect(processes.map(({ most, used }) => [most, used])).toEqual([
    [500, 480],
    [90_000, 123],
  ]);
  expect(readMachineLimits(read, process.geteuid?.() ?? 0).processes.length).toBeGreaterThanOrEqual(2);
});

test('ulimit -u limits the threads of an ordinary user', () => {
  const [limit] = readMachineLimits(files({ '/proc/self/limits': LIMITS }), 987_654).processes;
  expect(limit).toEqual({ most: 4_096, used: 0, of: 'ulimit -u' });
});

test('reads the load of this machine', () => {
  expect(readMachineMemory()?.totalBytes).toBeGreaterThan(0);
  expect(readMachineLimits().openFiles?.most).toBeGreaterThan(0);
});
