import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';
import { aHome, cli, inShell, living, orphans, recording } from './scene.ts';

const from = ['leaks', '--json', '--from', recording('plugin-worker-killed')];
/** A pipe whose reader exits before the program writes. */
const READER_GONE = 'exec 3> >(exec true); wait $!; "$@" >&3';
const LOST = /^claude-mem: could not write the output: ENOSPC.*\. The report is lost\.$/;

describe('an output that cannot be written', () => {
  test.each([
    [from],
    [['leaks']],
    [['leaks', '--watch', '--interval', '300ms']],
    [['reap', '--dry-run']],
    [['reap', '--yes']],
    [['reap', '--yes', '--json']],
    [['stop']],
    [['stop', '--json']],
    [['status']],
    [['status', '--json']],
    [['history']],
    [['doctor', '--list']],
    [['doctor', 'node', '--json']],
    [['snapshot']],
    [['completion', 'bash']],
    [['--help']],
    [['--version']],
  ])('%j on a full output exits with 1 and reports the loss in one line on stderr', async (args) => {
    const { status, stderr } = await inShell('"$@" > /dev/full', cli(...args), aHome());
    expect(status).toBe(1);
    expect(stderr.trim()).toMatch(LOST);
  });

  test('a usage error keeps exit code 2 if its document is lost', async () => {
    const { status } = await inShell('"$@" > /dev/full', cli('nonsense', '--json'), aHome());
    expect(status).toBe(2);
  });

  test('reap on a full output ends the leaks and reports the loss', async () => {
    const { home, dataDir } = aHome();
    for (const args of [
      ['reap', '--yes'],
      ['reap', '--yes', '--json'],
    ]) {
      const left = await orphans(dataDir);
      const { status, stderr } = await inShell('"$@" > /dev/full', cli(...args), { home });
      expect(living(left)).toEqual([]);
      expect(status).toBe(1);
      expect(stderr.trim()).toMatch(LOST);
    }
  });

  test('reap ends the leaks even if stdout and stderr are full', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status } = await inShell('"$@" > /dev/full 2> /dev/full', cli('reap', '--yes'), { home });
    expect(living(left)).toEqual([]);
    expect(status).toBe(1);
  });

  test('a report that is only partly written counts as lost', async (context) => {
    const { home } = aHome();
    const disk = join(tempDir(), 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk], { encoding: 'utf8' });
    if (mounted.status !== 0) context.skip(`cannot mount a small file system: ${mounted.stderr}`);
    onTestFinished(() => void spawnSync('umount', [disk]));
    const { status, stderr } = await inShell(`"$@" > ${disk}/report`, cli('snapshot'), { home });
    expect(status).toBe(1);
    expect(stderr.trim()).toMatch(LOST);
  });
});

describe('an output without reader', () => {
  test('a command whose reader is gone is quiet and keeps its exit code', async () => {
    expect(await inShell(READER_GONE, cli(...from), aHome())).toMatchObject({ status: 1, stderr: '' });
    expect(await inShell(READER_GONE, cli('status'), aHome())).toMatchObject({ status: 3, stderr: '' });
    expect(await inShell('"$@" | head -1', cli('leaks', '--help'), aHome())).toMatchObject({ status: 0, stderr: '' });
  });

  test('a watch ends with its reader', async () => {
    const { status, stderr } = await inShell(READER_GONE, cli('leaks', '--watch', '--interval', '300ms'), aHome());
    expect([status, stderr]).toEqual([0, '']);
  });

  test('reap finishes although its reader is gone', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    expect(await inShell(READER_GONE, cli('reap', '--yes'), { home })).toMatchObject({ status: 0, stderr: '' });
    expect(living(left)).toEqual([]);
  });

  test('a closed output counts as discarded', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    expect(await inShell('"$@" >&- 2>&-', cli('reap', '--yes'), { home })).toMatchObject({ status: 0 });
    expect(living(left)).toEqual([]);
    expect(await inShell('"$@" >&-', cli(...from), aHome())).toMatchObject({ status: 1, stderr: '' });
  });
});
