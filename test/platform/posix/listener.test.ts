import { expect, test } from 'vitest';
import { parseListener } from '../../../src/platform/posix/parse-listener.ts';

test.each([
  ['one listener', 'p4711\nf23\n', 4711],
  ['the first of several', 'p4711\nf23\np4712\nf5\n', 4711],
  ['no listener', '', undefined],
  ['no lsof at all', null, undefined],
  ['a warning before the listener', 'lsof: WARNING: something\np9\nf1\n', 9],
])('parses the output of lsof: %s', (_case, output, pid) => {
  expect(parseListener(output)).toBe(pid);
});
