import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { treesFolder } from './manifest-path.ts';

/** The minimum a tree writes before it runs, in bytes: its manifest, briefly twice, and a page of each log. */
const PROBE_BYTES = 16 * 1024;

/**
 * Writes and removes a test file where manifests are written.
 * @throws ClaudeMemError `io`, or the Node.js system error, if a tree could not be recorded.
 */
export function probeRecords(dataDir: string): void {
  const file = join(treesFolder(dataDir), '.probe');
  makeFolderInDataDir(treesFolder(dataDir));
  writeFileAtomic(file, ' '.repeat(PROBE_BYTES));
  rmSync(file, { force: true });
}
