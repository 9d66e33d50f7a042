import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AccessLists, FolderAccess } from '../../../src/operations/ports/doctor.ts';
import { ensureDataDir } from '../../../src/state/files/data-dir.ts';
import { assertClosedToOthers, closeToOthers, pathsOpenToOthers } from '../../../src/state/files/private-folder.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

/** Lists in the place of modes, for folders whose access differs from a private one. */
function fakeLists(dataDir: string, access: Readonly<Record<string, Partial<FolderAccess>>>, { closes = true } = {}) {
  const made: string[] = [];
  const open = new Map(Object.entries(access).map(([name, each]) => [join(dataDir, name), each]));
  const lists: AccessLists = {
    read: (path) => ({ isOwn: true, writers: [], readers: [], ...open.get(path) }),
    close: (path) => {
      if (closes) open.delete(path);
      return true;
    },
    makeFolder: (path) => {
      if (existsSync(path)) return false;
      mkdirSync(path);
      made.push(path);
      return true;
    },
  };
  return { lists, made };
}

test('a data dir that only its owner may use is accepted, also where others may read it', () => {
  const dataDir = tempDir();
  const { lists } = fakeLists(dataDir, { '': { readers: ['Everyone'] } });
  expect(() => {
    assertClosedToOthers(dataDir, lists);
  }).not.toThrow();
  expect(pathsOpenToOthers(dataDir, lists)).toEqual([]);
});

test.each<[string, Partial<FolderAccess>, string, RegExp]>([
  ['', { writers: ['Everyone', 'guests'] }, 'data-dir', /can be written by Everyone, guests/],
  ['trees', { writers: ['Everyone'] }, 'data-dir', /trees can be written by Everyone/],
  ['logs', { isOwn: false }, 'data-dir', /logs belongs to another user/],
  ['', { isOwn: false }, 'not-owner', /belongs to another user/],
])('the folder %o with the access %o stops an acting command', (name, access, code, words) => {
  const dataDir = tempDir();
  const { lists } = fakeLists(dataDir, { [name]: access });
  expect(() => {
    assertClosedToOthers(dataDir, lists);
  }).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) as unknown }) as Error);
});

test('a repair closes the data dir and every folder of claude-mem in it, and says which', () => {
  const dataDir = tempDir();
  const { lists } = fakeLists(dataDir, { '': { readers: ['Everyone'] }, trees: { writers: ['guests'] } });
  expect(closeToOthers(dataDir, lists)).toEqual([
    `Removed the permissions of other users from ${dataDir}`,
    `Removed the permissions of other users from ${join(dataDir, 'trees')}`,
  ]);
  expect(closeToOthers(dataDir, lists)).toEqual([]);
});

test('a repair fails on a file system that stores no lists', () => {
  const dataDir = tempDir();
  const { lists } = fakeLists(dataDir, { '': { writers: ['Everyone'] } }, { closes: false });
  expect(() => closeToOthers(dataDir, lists)).toThrow(/does not restrict/);
});

test('a new data dir and its missing parents are made as closed folders', () => {
  const folder = tempDir();
  const { lists, made } = fakeLists(folder, {});
  const dataDir = join(folder, 'a', 'b');
  expect(ensureDataDir(dataDir, lists)).toBe(dataDir);
  expect(made).toEqual([join(folder, 'a'), dataDir]);
  ensureDataDir(dataDir, lists);
  expect(made).toHaveLength(2);
});

test('a folder that cannot be made as a closed one is made with the mode 0700', () => {
  const dataDir = join(tempDir(), 'a');
  ensureDataDir(dataDir, { ...fakeLists(dataDir, {}).lists, makeFolder: () => false });
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
});
