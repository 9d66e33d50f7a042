import { mkdirSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.ts';

/**
 * Creates a folder in the data dir if it is missing. One level only: a data dir removed under a running tree stays
 * removed.
 * @throws the Node.js system error.
 */
export function makeFolderInDataDir(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
