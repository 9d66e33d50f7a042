import { ChildProcess } from 'node:child_process';
import { expect, test, vi } from 'vitest';

const { spawn } = vi.hoisted(() => ({ spawn: vi.fn() }));
vi.mock('node:child_process', async (original) => ({ ...(await original<object>()), spawn }));

test('a signal that arrives during the spawn of the command is forwarded to it', async () => {
  const { runCommand } = await import('../../src/platform/run-command.ts');
  const child = Object.assign(new ChildProcess(), { pid: 4711 });
  const kill = vi.spyOn(child, 'kill').mockReturnValue(true);
  const listeners: number[] = [];
  spawn.mockImplementation(() => {
    // Without a listener by now, SIGTERM ends this process and leaves the command running.
    listeners.push(process.listenerCount('SIGTERM'));
    return child;
  });
  const before = process.listenerCount('SIGTERM');
  const { ended } = runCommand(['a-command'], {});
  expect(listeners).toEqual([before + 1]);
  process.emit('SIGTERM', 'SIGTERM');
  expect(kill).toHaveBeenCalledExactlyOnceWith('SIGTERM');
  child.emit('exit', 0, null);
  expect(await ended).toEqual({ kind: 'exited', exitCode: 0 });
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
