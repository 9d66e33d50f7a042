import { expect, test, vi } from 'vitest';
import { isSignallable, killPid } from '../../src/platform/kill.ts';

test.each([0, 1, -1, -4242, process.pid, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
  'pid %d is never signalled',
  (pid) => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    expect(isSignallable(pid)).toBe(false);
    expect(killPid(pid, 'SIGKILL')).toBe('permission-denied');
    expect(kill).not.toHaveBeenCalled();
    kill.mockRestore();
  },
);

test.each([
  ['ESRCH', 'gone'],
  ['EPERM', 'permission-denied'],
  ['EINVAL', 'unknown'],
])('%s means %s', (code, result) => {
  const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
  expect(killPid(4242, 'SIGTERM')).toBe(result);
  kill.mockRestore();
});
