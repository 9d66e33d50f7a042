import { expect, test } from 'vitest';
import { parseLinks } from '../../../src/platform/posix/parse-links.ts';

test('ignores a line that is not a pair of pids', () => {
  expect(parseLinks('  1 0\n 42  1 \n\nPID PPID\n7\n')).toEqual([
    { pid: 1, ppid: 0 },
    { pid: 42, ppid: 1 },
  ]);
});
