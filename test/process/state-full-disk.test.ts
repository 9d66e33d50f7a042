import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readManifests } from '../../src/state/trees/manifest-reader.ts';
import { acquireLock } from '../../src/state/locks/lock.ts';
import { parseSnapshot, snapshotDocument } from '../../src/state/files/snapshot-document.ts';
import { writeSnapshotFile } from '../../src/state/files/snapshot-file.ts';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { createTempDir, type TempDir } from '../helpers/temp-dir.ts';
import { anError } from '../state/an-error.ts';
import { aManifest, anEntry, BORN, TREE } from '../state/manifests.ts';
import { ask, buildStateProgram, killAndWait, startLocker } from './state-processes.ts';

const REQUEST = { waitMs: 0, holder: { pid: process.pid, command: 'claude-mem start' } };

let directory: TempDir;
let notMounted: string | undefined;
let disk = '';

/** A file system of 64 kB and a few dozen files: a real full disk. */
beforeAll(() => {
  directory = createTempDir();
  disk = join(directory.path, 'disk');
  mkdirSync(disk);
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=48,mode=0700', 'tmpfs', disk], {
    encoding: 'utf8',
  });
  if (result.status !== 0)
    notMounted = `cannot mount a small file system: ${result.error?.message ?? result.stderr.trim()}`;
});
afterAll(() => {
  if (notMounted === undefined) spawnSync('umount', [disk]);
  directory.remove();
});

// Also after a failed test, because leftovers would make the next one fail too.
afterEach(() => {
  if (notMounted === undefined) free();
});

/** Writes files until there is no space, then empty ones until there are no inodes. */
function fill(content: Buffer = Buffer.alloc(1024)): void {
  expect(() => {
    for (let number = 0; number < 200; number += 1) writeFileSync(join(disk, `fill-${number}`), content);
  }).toThrow(/ENOSPC/);
  // The file that did not get its content exists, empty.
  expect(readdirSync(disk).filter((name) => name.startsWith('fill-')).length).toBeGreaterThan(1);
}

function free(): void {
  for (const name of readdirSync(disk)) if (name.startsWith('fill-')) rmSync(join(disk, name));
}

describe('a full disk', () => {
  test('leaves the manifest unchanged and no temporary file', (context) => {
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

  test('a full disk does not prevent a lock, so that stop works; only the holder is not recorded', async (context) => {
    if (notMounted !== undefined) context.skip(notMounted);
    const path = join(disk, 'operation.lock');
    fill();
    const lock = await acquireLock(path, REQUEST);
    onTestFinished(() => {
      lock.release();
    });
    expect(readdirSync(disk).filter((name) => name.startsWith('operation.lock'))).toEqual(['operation.lock']);

    const program = buildStateProgram();
    onTestFinished(program.remove);
    const other = startLocker(program.file);
    onTestFinished(() => killAndWait(other));
    expect(await ask(other, { take: path, waitMs: 0 })).toEqual({
      refused: 'lock-held',
      message: `${path} is held by an unknown process`,
    });
    lock.release();
    expect(await ask(other, { take: path, waitMs: 0 })).toEqual({ taken: true });
  });

  test('a full disk is a clear error if the lock file cannot be created', async (context) => {
    if (notMounted !== undefined) context.skip(notMounted);
    const path = join(disk, 'vectors.lock');
    fill(Buffer.alloc(0));
    await expect(acquireLock(path, REQUEST)).rejects.toThrow(
      anError('io', `cannot create the lock file ${path}: no space left on the device (ENOSPC)`),
    );
    free();
    (await acquireLock(path, REQUEST)).release();
  });

  test('leaves no partial snapshot', (context) => {
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
