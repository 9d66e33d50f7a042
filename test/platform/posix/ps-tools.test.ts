import { expect, test } from 'vitest';
import { listLinksByPs, parseLinks } from '../../../src/platform/posix/ps-tools.ts';

test('links come from ps itself where pidtree refuses the system', async () => {
  expect(await listLinksByPs()).toContainEqual({ pid: process.pid, ppid: process.ppid });
});

test('a line that is no pair of pids is no link', () => {
  expect(parseLinks('  1 0\n 42  1 \n\nPID PPID\n7\n')).toEqual([
    { pid: 1, ppid: 0 },
    { pid: 42, ppid: 1 },
  ]);
});
