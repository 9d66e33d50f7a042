import { expect, test } from 'vitest';
import { parseChannels } from '../../../src/platform/posix/parse-channels.ts';

/** As lsof 4.91 of macOS prints it. */
const OUTPUT = `p4118
f0
tunix
n->0x1f6b4d0a5c8e3f21
f1
tunix
n->0x1f6b4d0a5c8e4a09
p4711
f0
tunix
n->(none)
f1
tunix
n->(none)
p4712
f0
tPIPE
n->0x9a3c1d2e4f5b6a70
f1
tPIPE
n
p4713
f0
tCHR
n/dev/null
f1
tREG
n/tmp/->(none)
`;

test('lsof of macOS shows which sockets have lost their peer', () => {
  const found = parseChannels(OUTPUT);
  expect(found.get(4118)).toEqual({ stdin: 'open', stdout: 'open' });
  expect(found.get(4711)).toEqual({ stdin: 'closed', stdout: 'closed' });
});

test('a pipe whose other end lsof does not name is unknown', () => {
  expect(parseChannels(OUTPUT).get(4712)).toEqual({ stdin: 'open', stdout: 'unknown' });
});

test('a file or a device in the output of lsof with any name is unknown', () => {
  expect(parseChannels(OUTPUT).get(4713)).toEqual({ stdin: 'unknown', stdout: 'unknown' });
});

test.each(['', 'lsof: no process', 'f0\ntunix\nn->(none)', 'p1\nfcwd\ntDIR\nn/'])(
  'output of lsof without a standard stream proves nothing: %j',
  (output) => {
    expect(
      [...parseChannels(output).values()].some(({ stdin, stdout }) => stdin === 'closed' || stdout === 'closed'),
    ).toBe(false);
  },
);
