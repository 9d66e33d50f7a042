import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { endLeftovers, findLeftovers } from './leftovers.ts';
import { RUN_MARK } from './run-mark.ts';

const onLinux = test.skipIf(process.platform !== 'linux');

/** A child with the mark of another run, so that only this test looks for it. */
function spawnMarked(mark: string, file: string, ...args: string[]): ChildProcess {
  const child = spawn(file, args, { env: { ...process.env, [RUN_MARK]: mark }, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

onLinux('endLeftovers finds only processes with the mark', () => {
  const mark = randomUUID();
  const marked = spawnMarked(mark, 'sleep', '30');
  spawnMarked(randomUUID(), 'sleep', '30');
  expect(findLeftovers(mark)).toMatchObject([{ pid: marked.pid, ppid: process.pid, command: 'sleep 30' }]);
});

onLinux('endLeftovers ends and names the processes that are left', async () => {
  const mark = randomUUID();
  const child = spawnMarked(mark, 'sleep', '30');
  const ended = once(child, 'exit');
  expect(await endLeftovers(mark, 50)).toEqual([`pid ${child.pid}, parent ${process.pid}: sleep 30`]);
  expect((await ended)[1]).toBe('SIGKILL');
});

onLinux('endLeftovers waits for processes that are exiting', async () => {
  const mark = randomUUID();
  spawnMarked(mark, 'sleep', '0.2');
  expect(await endLeftovers(mark)).toEqual([]);
});
