import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { makeFolderInDataDir } from '../files/make-folder.ts';
import { treesFolder } from './manifest-path.ts';

/** What a tree writes before it runs, at the least: its manifest, twice for a moment, and a page of each log. In bytes. */
const PROBE_BYTES = 16 * 1024;

/**
 * Writes where manifests are written, and takes it away again.
 * @throws ClaudeMemError `io`, or the system error of Node.js, where a tree could not be recorded.
 */
export function probeRecords(dataDir: string): void {
  const file = join(treesFolder(dataDir), '.probe');
  makeFolderInDataDir(treesFolder(dataDir));
  writeFileAtomic(file, ' '.repeat(PROBE_BYTES));
  rmSync(file, { force: true });
}
