import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifests } from '../../src/state/manifest-reader.ts';
import { acquireLock, isLockFree } from '../../src/state/lock.ts';
import { parseSnapshot, snapshotDocument, writeSnapshotFile } from '../../src/state/snapshot-file.ts';
import { openTreeStore } from '../../src/state/trees.ts';
import { createTempDir, type TempDir } from '../helpers/temp-dir.ts';
import { anError } from '../state/an-error.ts';
import { aManifest, anEntry, BORN, TREE } from '../state/manifests.ts';

const REQUEST = { waitMs: 0, holder: { pid: process.pid, command: 'claude-mem start' } };

let directory: TempDir;
let notMounted: string | undefined;
let disk = '';

/** A file system of 64 kB: the only honest full disk. */
beforeAll(() => {
  directory = createTempDir();
  disk = join(directory.path, 'disk');
  mkdirSync(disk);
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { encoding: 'utf8' });
  if (result.status !== 0)
    notMounted = `cannot mount a small file system: ${result.error?.message ?? result.stderr.trim()}`;
});
afterAll(() => {
  if (notMounted === undefined) spawnSync('umount', [disk]);
  directory.remove();
});

function fill(): void {
  const chunk = Buffer.alloc(1024);
  expect(() => {
    for (let number = 0; number < 200; number += 1) writeFileSync(join(disk, `fill-${number}`), chunk);
  }).toThrow(/ENOSPC/);
  for (const name of readdirSync(disk)) if (name.startsWith('fill-')) return;
  throw new Error('nothing was filled');
}

function free(): void {
  for (const name of readdirSync(disk)) if (name.startsWith('fill-')) rmSync(join(disk, name));
}

describe('a full disk', () => {
  test('leaves the manifest as it was and no temporary file', (context) => {
    if (notMounted !== undefined) context.skip(notMounted);
    const store = openTreeStore(disk);
    store.create(aManifest());
    const file = join(disk, 'trees', `${TREE}.json`);
    const before = readFileSync(file, 'utf8');
    fill();
    expect(() => store.register(TREE, anEntry(7))).toThrow(
      anError('io', /cannot write .*: no space left on the device \(ENOSPC\)/),
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(join(disk, 'trees'))).toEqual([`${TREE}.json`]);
    free();
    store.register(TREE, anEntry(7));
    expect(readManifests(disk).manifests[0]?.entries).toHaveLength(2);
  });

  test('refuses a lock with a clear error and does not keep it', async (context) => {
    if (notMounted !== undefined) context.skip(notMounted);
    const path = join(disk, 'operation.lock');
    fill();
    await expect(acquireLock(path, REQUEST)).rejects.toThrow(anError('io', /no space left on the device/));
    expect(await isLockFree(path)).toBe(true);
    free();
    (await acquireLock(path, REQUEST)).release();
  });

  test('leaves no half snapshot', (context) => {
    if (notMounted !== undefined) context.skip(notMounted);
    const file = join(disk, 'snapshot.json');
    const row = { pid: 7, ppid: 1, startedAt: BORN, name: 'uv', command: 'uv '.repeat(30_000) };
    const text = JSON.stringify({
      ...{
        schemaVersion: 1,
        kind: 'process-snapshot',
        takenAt: BORN,
        platform: 'linux',
        complete: true,
        unreadable: 0,
      },
      ...{ dataDir: '/home/u/.claude-mem', self: { pid: 1 }, processes: [row] },
    });
    const document = snapshotDocument(parseSnapshot(text, 'x'));
    expect(() => {
      writeSnapshotFile(file, document);
    }).toThrow(anError('io', file));
    expect(readdirSync(disk).filter((name) => name.includes('snapshot'))).toEqual([]);
  });
});
