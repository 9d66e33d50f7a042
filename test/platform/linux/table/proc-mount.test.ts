import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hidesPids, isForeignProc } from '../../../../src/platform/linux/table/proc-mount.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const OTHER_FILE_SYSTEM = '27 1 254:0 / / rw,relatime - ext4 /dev/root rw,hidepid=2\n';
const NO_CAPABILITIES = 'NSpid:\t42\nCapEff:\t0000000000000000\n';
const MAY_TRACE = 'NSpid:\t42\nCapEff:\t000001ffffffffff\n';
/** A group of this process. */
const GROUP = process.getegid?.() ?? 0;
const OTHER_GROUP = 4_000_000;

/** A folder in place of `/proc`, with these procfs mounts on it. */
function procWith(mounts: readonly string[], status = NO_CAPABILITIES): string {
  const root = tempDir();
  mkdirSync(join(root, 'self'));
  const lines = mounts.map((text, index) => `${60 + index} 27 0:21 / ${root} rw,nosuid shared:5 - proc proc ${text}\n`);
  writeFileSync(join(root, 'self', 'mountinfo'), OTHER_FILE_SYSTEM + lines.join(''));
  writeFileSync(join(root, 'self', 'status'), status);
  return root;
}

describe('hidesPids', () => {
  test.each([
    ['rw', false],
    ['rw,hidepid=1', false],
    [`rw,hidepid=2,gid=${OTHER_GROUP}`, true],
    [`rw,hidepid=2,gid=${GROUP}`, false],
    [`rw,hidepid=4,gid=${GROUP}`, true],
  ])('the mount options %s decide whether pids are hidden', (options, hides) => {
    expect(hidesPids(procWith([options]))).toBe(hides);
  });

  test('uses the last procfs mounted on a mount point', () => {
    const hiding = `rw,hidepid=2,gid=${OTHER_GROUP}`;
    expect(hidesPids(procWith([hiding, 'rw']))).toBe(false);
    expect(hidesPids(procWith(['rw', hiding]))).toBe(true);
  });

  test('no pid is hidden if only another file system has such an option', () => {
    expect(hidesPids(procWith([]))).toBe(false);
  });

  test('no pid is hidden from a process with CAP_SYS_PTRACE', () => {
    expect(hidesPids(procWith([`rw,hidepid=2,gid=${OTHER_GROUP}`], MAY_TRACE))).toBe(false);
  });

  test('pids may be hidden if the mount table is too long to be read', () => {
    const root = procWith([]);
    writeFileSync(join(root, 'self', 'mountinfo'), OTHER_FILE_SYSTEM.repeat(80_000));
    expect(hidesPids(root)).toBe(true);
  });
});

test('a folder without a link to this process is no procfs of this pid namespace', () => {
  expect(isForeignProc(procWith([]))).toBe(true);
});
