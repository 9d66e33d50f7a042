import { dirname } from 'node:path';
import { assertOwnFolder } from '../../shared/own-file.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { ioError } from './io-error.ts';
import { makeFolderInDataDir } from './make-folder.ts';

/**
 * Writes a file into a folder of the data dir, and creates the folder if it is missing.
 * @param mode default 0600.
 * @throws ClaudeMemError `io`, also for a folder of another user.
 */
export function writeInOwnFolder(path: string, text: string, mode?: number): void {
  try {
    makeFolderInDataDir(dirname(path));
    // A link of the owner could lead to a folder that others can write.
    assertOwnFolder(dirname(path));
    writeFileAtomic(path, text, mode);
  } catch (error) {
    throw ioError('write', path, error);
  }
}
