import { mkdirSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.ts';

/**
 * Makes a folder in the data dir, if it is not there. One level only: a data dir that was removed under a running tree stays removed.
 * @throws the system error of Node.js.
 */
export function makeFolderInDataDir(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
