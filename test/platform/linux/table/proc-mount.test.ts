import { describe, expect, test } from 'vitest';
import { parseProcMount, parseReaderStatus } from '../../../../src/platform/linux/table/proc-mount.ts';

function mountinfo(...options: readonly string[]): string {
  const other = '27 1 254:0 / / rw,relatime - ext4 /dev/root rw,hidepid=2\n';
  return (
    other +
    options.map((text, index) => `${60 + index} 27 0:21 / /proc rw,nosuid shared:5 - proc proc ${text}\n`).join('')
  );
}

describe('parseProcMount', () => {
  test.each([
    ['rw', 0, 0],
    ['rw,hidepid=off', 0, 0],
    ['rw,hidepid=1', 1, 0],
    ['rw,hidepid=noaccess', 1, 0],
    ['rw,gid=27,hidepid=2', 2, 27],
    ['rw,hidepid=invisible,gid=27', 2, 27],
    ['rw,hidepid=ptraceable,subset=pid', 4, 0],
  ])('parses the mount options %s', (options, hidepid, gid) => {
    expect(parseProcMount(mountinfo(options), '/proc')).toEqual({ hidepid, gid });
  });

  test('uses the last procfs mounted on a mount point', () => {
    expect(parseProcMount(mountinfo('rw,hidepid=2', 'rw'), '/proc')).toMatchObject({ hidepid: 0 });
    expect(parseProcMount(mountinfo('rw', 'rw,hidepid=2'), '/proc')).toMatchObject({ hidepid: 2 });
  });

  test.each([
    ['', '/proc'],
    [mountinfo('rw'), '/elsewhere'],
    [mountinfo('rw'), '/'],
  ])('returns undefined if no procfs is mounted', (text, mountPoint) => {
    expect(parseProcMount(text, mountPoint)).toBeUndefined();
  });
});

describe('parseReaderStatus', () => {
  test('reads CAP_SYS_PTRACE', () => {
    expect(parseReaderStatus('NSpid:\t42\nCapEff:\t000001ffffffffff\n')).toEqual({ pids: [42], mayTrace: true });
    expect(parseReaderStatus('NSpid:\t42\nCapEff:\t000001fffff7ffff\n')).toEqual({ pids: [42], mayTrace: false });
  });

  test('reads one pid per namespace from an outer /proc', () => {
    expect(parseReaderStatus('NSpid:\t42\t42\nCapEff:\t0000000000000000\n').pids).toEqual([42, 42]);
  });

  test('assumes no capability and no pid if the fields are missing', () => {
    expect(parseReaderStatus('')).toEqual({ pids: [], mayTrace: false });
  });
});
