import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../shared/errors.ts';
import { ioError } from './io-error.ts';

/** What of a data dir is ours: of the plugin's files in the same place the modes are its own affair. */
const OUR_FOLDERS = ['trees', 'logs', 'samples', 'vectors', 'tools'];
const OUR_FILES = /^token$|^config\.json$|^memory\.db|\.lock/;

/**
 * Takes every right of others from the data dir and from what of ours lies directly in it. Links are left alone.
 * @returns what was changed.
 * @throws ClaudeMemError `io`.
 */
export function restrictToOwner(dataDir: string): readonly string[] {
  const ours = readdirSync(dataDir).filter((name) => OUR_FOLDERS.includes(name) || OUR_FILES.test(name));
  return [dataDir, ...ours.map((name) => join(dataDir, name))].filter(restrict);
}

function restrict(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink() || (stats.mode & 0o077) === 0) return false;
    chmodSync(path, stats.mode & 0o700);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw ioError('restrict the mode of', path, error);
  }
}
