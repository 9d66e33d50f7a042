import { expect, test } from 'vitest';
import { parseMountLine } from '../../../../src/platform/linux/table/mount-line.ts';

test.each([
  ['rw', 0, 0],
  ['rw,hidepid=off', 0, 0],
  ['rw,hidepid=1', 1, 0],
  ['rw,hidepid=noaccess', 1, 0],
  ['rw,gid=27,hidepid=2', 2, 27],
  ['rw,hidepid=invisible,gid=27', 2, 27],
  ['rw,hidepid=ptraceable,subset=pid', 4, 0],
])('parses the mount options %s', (options, hidepid, gid) => {
  const line = `60 27 0:21 / /proc rw,nosuid shared:5 - proc proc ${options}`;
  expect(parseMountLine(line)).toEqual({ hidepid, gid });
});

test.each([undefined, '', '27 1 254:0 / / rw,relatime - ext4 /dev/root rw,hidepid=2'])(
  '%j mounts no procfs',
  (line) => {
    expect(parseMountLine(line)).toBeUndefined();
  },
);
