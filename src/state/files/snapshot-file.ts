import { ClaudeMemError } from '../../shared/errors.ts';
import { writeFileForPeople } from './file-for-people.ts';
import { readGivenFile } from './given-file.ts';
import { describeErrno } from './io-error.ts';
import { parseSnapshot, type RecordedSnapshot } from './snapshot-document.ts';
import type { SnapshotDocument } from './snapshot-schema.ts';

/** About 100,000 processes. */
const MAX_SNAPSHOT_BYTES = 128 * 1024 * 1024;

/** @throws ClaudeMemError `snapshot-file`. */
export function readSnapshotFile(file: string): RecordedSnapshot {
  let bytes: Buffer;
  try {
    bytes = readGivenFile(file, MAX_SNAPSHOT_BYTES);
  } catch (error) {
    throw new ClaudeMemError('snapshot-file', `cannot read ${file}: ${describeErrno(error)}`, {
      hint: 'Choose a file that `claude-mem snapshot FILE` wrote.',
      cause: error,
    });
  }
  return parseSnapshot(decode(bytes), file);
}

/**
 * Writes a snapshot completely or not at all, with mode 0600, because command lines are private.
 * @throws ClaudeMemError `io`.
 */
export function writeSnapshotFile(file: string, document: SnapshotDocument): void {
  writeFileForPeople(file, `${JSON.stringify(document, undefined, 1)}\n`);
}

/** Windows PowerShell redirects output as UTF-16 with a byte order mark. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
