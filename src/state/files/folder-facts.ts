import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FolderFacts, FolderPort } from '../../operations/ports/doctor.ts';
import { errnoOf } from '../../shared/errors.ts';
import { networkFileSystemOf } from './network-file-system.ts';
import { pathsOpenToOthers, strangersIn } from './private-folder.ts';

/** Facts about a folder that can be read without changing it. */
export const folderFacts: FolderPort = {
  facts: async (path) => {
    try {
      const { uid, mode } = await stat(path);
      return { uid, mode: mode & 0o7777, isWritable: await isWritable(path) } satisfies FolderFacts;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  pathsOpenToOthers,
  strangers: strangersIn,
  space,
  networkType: (path) => networkFileSystemOf(path),
};

async function space(path: string): ReturnType<FolderPort['space']> {
  try {
    const { bavail, bsize, ffree, files } = await statfs(path);
    return { freeBytes: bavail * bsize, freeInodes: ffree, inodes: files };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return space(dirname(path));
  }
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
