import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTreeStore } from '../../src/state/trees/trees.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aManifest, TREE } from '../state/manifests.ts';
import { buildStateProgram, lookAsOrdinaryUser, noOrdinaryUser } from './state-processes.ts';

const reason = noOrdinaryUser();

let program: ReturnType<typeof buildStateProgram>;
beforeAll(() => {
  program = buildStateProgram();
});
afterAll(() => {
  program.remove();
});

describe('an ordinary user', () => {
  const closed: string[] = [];
  /** Removes permissions until the end of the test. */
  function close(path: string, mode = 0o000): void {
    chmodSync(path, mode);
    closed.push(path);
  }
  afterEach(() => {
    for (const path of closed.splice(0)) chmodSync(path, 0o700);
  });

  function openDataDir(): { dataDir: string; folder: string; file: string } {
    const dataDir = tempDir();
    openTreeStore(dataDir).create(aManifest());
    const folder = join(dataDir, 'trees');
    const file = join(folder, `${TREE}.json`);
    for (const path of [dataDir, folder]) chmodSync(path, 0o755);
    chmodSync(file, 0o644);
    return { dataDir, folder, file };
  }

  test('an ordinary user gets a report of an unreadable manifest', (context) => {
    if (reason !== undefined) context.skip(reason);
    const { dataDir, file } = openDataDir();
    close(file);
    expect(lookAsOrdinaryUser(program.file, dataDir)).toMatchObject({
      manifests: {
        manifests: [],
        damaged: [{ file, kind: 'unreadable', reason: 'cannot be read: permission denied (EACCES)' }],
      },
      update: { code: 'manifest-unreadable' },
    });
  });

  test('an ordinary user gets a report of a folder that cannot be listed', (context) => {
    if (reason !== undefined) context.skip(reason);
    const { dataDir, folder } = openDataDir();
    close(folder);
    expect(lookAsOrdinaryUser(program.file, dataDir)).toMatchObject({
      manifests: { manifests: [], damaged: [{ file: folder, kind: 'unreadable' }] },
    });
  });

  test('an ordinary user gets a report of a data dir that cannot be entered', (context) => {
    if (reason !== undefined) context.skip(reason);
    const { dataDir, folder } = openDataDir();
    close(dataDir);
    expect(lookAsOrdinaryUser(program.file, dataDir)).toMatchObject({
      dataDir: { code: 'data-dir', message: expect.stringContaining('permission denied (EACCES)') as string },
      manifests: { manifests: [], damaged: [{ file: folder, kind: 'unreadable' }] },
    });
  });

  test('an ordinary user gets unreadable registries as possibly present', (context) => {
    if (reason !== undefined) context.skip(reason);
    const { dataDir } = openDataDir();
    close(dataDir);
    expect(lookAsOrdinaryUser(program.file, dataDir)).toMatchObject({
      registries: expect.arrayContaining([{ file: join(dataDir, 'supervisor.json'), content: null }]) as unknown,
    });
  });

  test('reads a read-only data dir and changes nothing', (context) => {
    if (reason !== undefined) context.skip(reason);
    const { dataDir, folder, file } = openDataDir();
    const lock = join(dataDir, 'operation.lock');
    writeFileSync(lock, '');
    mkdirSync(join(dataDir, 'logs'));
    chmodSync(lock, 0o444);
    for (const path of [folder, dataDir]) close(path, 0o555);
    const before = statSync(file);
    expect(lookAsOrdinaryUser(program.file, dataDir, { STATE_LOCK: lock })).toMatchObject({
      dataDir,
      manifests: { manifests: [aManifest()], damaged: [] },
      update: { code: 'io', message: expect.stringContaining(`cannot write ${file}: permission denied`) as string },
      isLockFree: true,
    });
    expect(readdirSync(folder)).toEqual([`${TREE}.json`]);
    expect(statSync(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });
});
