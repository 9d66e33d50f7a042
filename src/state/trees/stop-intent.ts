import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { ioError } from '../files/io-error.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { treesFolder } from './manifest-path.ts';

/**
 * Records that this tree must end. Never withdrawn: a supervisor that was frozen during the stop reads the record
 * before its next spawn and cannot restart the tree.
 * @throws ClaudeMemError `io`.
 */
export function writeStopIntent(dataDir: string, treeId: string, at: string): void {
  const file = intentPath(dataDir, treeId);
  try {
    makeFolderInDataDir(treesFolder(dataDir));
    writeFileAtomic(file, `${JSON.stringify({ treeId, at })}\n`);
  } catch (error) {
    throw ioError('write', file, error);
  }
}

/** Whether the owner of the data dir recorded that this tree must end. */
export function hasStopIntent(dataDir: string, treeId: string): boolean {
  try {
    return lookAtTrusted(intentPath(dataDir, treeId), trustIn(dataDir)) !== undefined;
  } catch {
    // Another user's file, or a folder that cannot be entered: not written by a user who may stop this tree.
    return false;
  }
}

/** Removes intents that are older than 7 days and whose manifest is gone. Errors are ignored: the next call retries. */
export function removeOldIntents(dataDir: string, now: Date): void {
  const folder = treesFolder(dataDir);
  try {
    for (const name of readdirSync(folder).filter((candidate) => candidate.endsWith('.stop'))) {
      const file = join(folder, name);
      if (existsSync(file.replace(/\.stop$/, '.json'))) continue;
      if (now.getTime() - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { force: true });
    }
  } catch {
    // The folder is missing or not writable.
  }
}

/** As long as a retired manifest is kept, in milliseconds. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

function intentPath(dataDir: string, treeId: string): string {
  return join(treesFolder(dataDir), `${treeId}.stop`);
}
