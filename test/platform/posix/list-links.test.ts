import { expect, test } from 'vitest';
import { listLinksByPs } from '../../../src/platform/posix/list-links.ts';

test('reads links with ps if pidtree does not support the system', async () => {
  expect(await listLinksByPs()).toContainEqual({ pid: process.pid, ppid: process.ppid });
});
