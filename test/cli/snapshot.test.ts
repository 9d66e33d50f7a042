import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aHome, deadTree, expectGone, orphans, TREE, writeTreeFile } from './scene.ts';

interface Snapshot {
  readonly schemaVersion: number;
  readonly kind: string;
  readonly dataDir: string;
  readonly self: { readonly pid: number; readonly uid: number };
  readonly processes: readonly Readonly<Record<string, unknown>>[];
  readonly manifests: readonly { readonly treeId: string }[];
  readonly damagedManifests?: readonly unknown[];
  readonly otherRegistries: readonly unknown[];
}

const parse = (text: string) => JSON.parse(text) as Snapshot;

describe('snapshot', () => {
  test('snapshot without FILE prints the document to stdout', async () => {
    const { run, dataDir } = aHome();
    deadTree(dataDir);
    writeFileSync(join(dataDir, 'worker.pid'), '{"pid":4711}');
    const { pids } = await orphans(dataDir);
    const { status, stdout, stderr } = await run(['snapshot']);
    expect([status, stderr]).toEqual([0, '']);
    const snapshot = parse(stdout);
    expect(snapshot).toMatchObject({
      ...{ schemaVersion: 1, kind: 'process-snapshot', platform: 'linux', complete: true, unreadable: 0, dataDir },
      answering: [],
      manifests: [{ treeId: TREE }],
      otherRegistries: [{ file: join(dataDir, 'worker.pid'), content: '{"pid":4711}' }],
    });
    for (const field of ['takenAt', 'nowTicks', 'bootId', 'pidNamespace']) expect(snapshot).toHaveProperty(field);
    expect(snapshot.processes.map(({ pid }) => pid)).toEqual(expect.arrayContaining([...pids, snapshot.self.pid, 1]));
    const row = snapshot.processes.find(({ pid }) => pid === pids[0]);
    for (const field of [
      ...['ppid', 'pgid', 'sid', 'uid', 'state', 'threads', 'startTicks', 'startedAt', 'name', 'argv', 'command'],
      ...['treeMark', 'ownerMark', 'roleMark', 'dataDirMark', 'rssBytes', 'pssBytes', 'swapBytes'],
    ])
      expect(row).toHaveProperty(field);
  });

  test('snapshot FILE writes a private file and names it', async () => {
    const { run, json, home } = aHome();
    const file = join(home, 'leak.json');
    const { status, stdout, stderr } = await run(['snapshot', file]);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(
      /^Recorded \d+ processes in .*leak\.json\. To judge them: {2}claude-mem leaks --from .*leak\.json\n$/,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await json(['snapshot', file])).report).toEqual({
      ...{ schemaVersion: 1, command: 'snapshot', file, complete: true },
      processes: parse(readFileSync(file, 'utf8')).processes.length,
    });
  });

  test('a snapshot with a damaged manifest exits with 4, and so does leaks --from', async () => {
    const { run, home, dataDir } = aHome();
    writeTreeFile(dataDir, `${TREE}.json`, 'torn');
    const file = join(home, 'x.json');
    expect(await run(['snapshot', file])).toMatchObject({ status: 4 });
    expect(await run(['leaks', '--from', file])).toMatchObject({ status: 4 });
  });

  test.each([
    ['a folder that is not there', '/nowhere/x.json'],
    ['a folder', '/'],
  ])('snapshot into %s exits with 1', async (_, file) => {
    const { status, stdout, stderr } = await aHome().run(['snapshot', file]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^claude-mem: cannot write /);
  });
});

test('snapshot --redact removes home, user and secrets and keeps the verdicts', async () => {
  const { run, json, home, dataDir } = aHome();
  const { pids } = await orphans(dataDir);
  const file = join(home, 'redacted.json');
  const env = { CLAUDE_MEM_DATA_DIR: dataDir };
  writeFileSync(join(dataDir, 'supervisor.json'), JSON.stringify({ processes: {}, apiKey: 'hunter2', cwd: home }));
  expect(await run(['snapshot', '--redact', file], { env })).toMatchObject({ status: 0 });
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain(home);
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(`/${userInfo().username}/`);
  expect(hostname() === '' || !text.includes(`"${hostname()}"`)).toBe(true);
  const { found } = await json(['leaks', '--from', file]);
  expect(found.map(({ pid, verdict }) => [pid, verdict])).toEqual(pids.map((pid) => [pid, 'orphan']));
});

describe('a full disk', () => {
  /** Mounts a file system of 64 kB. @returns the reason if that fails. */
  function smallDisk(home: string): { readonly disk: string; readonly missing: string | undefined } {
    const disk = join(home, 'disk');
    mkdirSync(disk);
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', disk], {
      encoding: 'utf8',
    });
    if (status !== 0) return { disk, missing: `cannot mount a small file system: ${stderr}` };
    onTestFinished(() => void spawnSync('umount', [disk]));
    return { disk, missing: undefined };
  }

  function fill(disk: string): void {
    const chunk = Buffer.alloc(1024);
    expect(() => {
      for (let number = 0; number < 200; number += 1) writeFileSync(join(disk, `fill-${number}`), chunk);
    }).toThrow('ENOSPC');
  }

  test('snapshot on a full disk leaves no partial file and exits with 1', async (context) => {
    const { run, json, home } = aHome();
    const { disk, missing } = smallDisk(home);
    if (missing !== undefined) context.skip(missing);
    fill(disk);
    const file = join(disk, 'x.json');
    const { status, stderr } = await run(['snapshot', file]);
    expect(status).toBe(1);
    expect(stderr).toContain('no space left on the device (ENOSPC)');
    expect(existsSync(file)).toBe(false);
    expect((await json(['snapshot', file])).report.error.code).toBe('io');
  });

  test('reap on a full disk ends the orphans, reports their outcomes and leaves the manifest unchanged', async (context) => {
    const { run, json, home } = aHome();
    const { disk, missing } = smallDisk(home);
    if (missing !== undefined) context.skip(missing);
    const left = await orphans(disk);
    const manifest = deadTree(disk);
    const before = readFileSync(manifest, 'utf8');
    fill(disk);
    const { status, report } = await json(['reap', '--yes', '--data-dir', disk]);
    expect(status).toBe(1);
    expect(report.outcomes).toHaveLength(2);
    expect(report.error).toMatchObject({ code: 'io', message: expect.stringContaining('no space left') as never });
    await expectGone(left);
    expect(readFileSync(manifest, 'utf8')).toBe(before);
    const { stderr } = await run(['reap', '--yes', '--data-dir', disk]);
    expect(stderr).toContain('Could not update the manifests: ');
    expect(readdirSync(join(disk, 'trees'))).toHaveLength(1);
  });
});
