import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { ioError } from '../files/io-error.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { treesFolder } from './manifest-path.ts';

/**
 * Writes down that this tree is to end. Never withdrawn: a supervisor that was frozen during the stop reads it before its next spawn
 * and cannot raise the tree again.
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

/** Whether the owner of the data dir wrote that this tree is to end. */
export function hasStopIntent(dataDir: string, treeId: string): boolean {
  try {
    return lookAtTrusted(intentPath(dataDir, treeId), trustIn(dataDir)) !== undefined;
  } catch {
    // Another user's file, or a folder that cannot be entered: nobody who may stop this tree wrote that.
    return false;
  }
}

/**
 * Removes intents that nobody can need any more: older than 7 days, and of a tree whose manifest is gone too. Housekeeping, so whatever
 * hinders it waits for the next time.
 */
export function removeOldIntents(dataDir: string, now: Date): void {
  const folder = treesFolder(dataDir);
  try {
    for (const name of readdirSync(folder).filter((candidate) => candidate.endsWith('.stop'))) {
      const file = join(folder, name);
      if (existsSync(file.replace(/\.stop$/, '.json'))) continue;
      if (now.getTime() - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { force: true });
    }
  } catch {
    // A folder that is not there or may not be written.
  }
}

/** As long as a retired manifest. In milliseconds. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

function intentPath(dataDir: string, treeId: string): string {
  return join(treesFolder(dataDir), `${treeId}.stop`);
}
