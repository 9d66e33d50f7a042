import { basename } from 'node:path';
import { ClaudeMemError, errnoOf, messageOf } from '../shared/errors.ts';

/** The cause in words, and how to fix it. */
type Explanation = readonly [meaning: string, hint: string];

const NOTHING_STORED = 'The failed request was not stored. Everything acknowledged before is safe.';

const FULL: Explanation = [
  'no space left on the device, or the disk quota is used up',
  `Free some disk space and try again. ${NOTHING_STORED}`,
];
const READ_ONLY: Explanation = [
  'the file can be read but not written',
  'Check the owner and the mode of the file and its folder, and whether the file system is mounted read-only.',
];
const NO_ACCESS: Explanation = [
  'permission denied',
  'Check the owner and the mode of the file and its folder: both must be readable and writable for this user.',
];
const NOT_OPENED: Explanation = [
  'the file cannot be opened',
  'Check that it is a regular file that this user may read and write, in a folder that this user may write to.',
];
const DISK_FAILED: Explanation = [
  'input/output error',
  `The disk may be failing or full. Check the system log. ${NOTHING_STORED}`,
];
const LOCKED: Explanation = [
  'another process is writing to it',
  'Try again. If the error persists, look for a second claude-mem or a sqlite3 shell on this data dir.',
];

/** By primary result code (https://www.sqlite.org/rescode.html), because libsql names few of the extended ones. */
const BY_RESULT_CODE: Readonly<Record<number, Explanation>> = {
  3: NO_ACCESS, // SQLITE_PERM
  5: LOCKED, // SQLITE_BUSY
  6: LOCKED, // SQLITE_LOCKED
  8: READ_ONLY, // SQLITE_READONLY
  10: DISK_FAILED, // SQLITE_IOERR
  13: FULL, // SQLITE_FULL
  14: NOT_OPENED, // SQLITE_CANTOPEN
};

const BY_ERRNO: Readonly<Record<string, Explanation>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
  EACCES: NO_ACCESS,
  EPERM: NO_ACCESS,
  ENOENT: ['its folder does not exist', 'The data dir may have been removed or unmounted meanwhile.'],
  ENOTDIR: ['a part of the path is not a folder', 'Remove or rename the file that blocks the folder.'],
  EIO: DISK_FAILED,
};

const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/**
 * Translates an error of SQLite or the file system into an `io` error that names the database file. An unexpected error
 * (a wrong statement, a violated constraint) is returned unchanged: it is a bug and needs its stack trace.
 */
export function memoryError(action: string, path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const resultCode = resultCodeOf(error);
  if (resultCode === CORRUPT || resultCode === NOT_A_DATABASE) return damagedError(path, reasonOf(error), error);
  const found = explanation(resultCode, error);
  if (found === undefined) return error instanceof Error ? error : new Error(String(error));
  const [meaning, hint] = found;
  // Empty for a failed open, which libsql does not name.
  const code = errnoOf(error) ?? '';
  const detail = code === '' ? '' : ` (${code})`;
  return new ClaudeMemError('io', `cannot ${action} ${path}: ${meaning}${detail}`, { hint, cause: error });
}

/** The file stays unchanged, because readable parts of it can still be recovered. */
export function damagedError(path: string, reason: string, cause?: unknown): ClaudeMemError {
  const name = basename(path);
  return new ClaudeMemError('io', `the memory ${path} is damaged: ${reason}`, {
    hint:
      `Nothing in it was changed. Run claude-mem stop, then move ${name}, ${name}-wal and ${name}-shm away together. The next start ` +
      `begins an empty memory, and \`sqlite3 ${name} .recover\` gets back what is readable.`,
    cause,
  });
}

function explanation(resultCode: number | undefined, error: unknown): Explanation | undefined {
  if (resultCode !== undefined) return BY_RESULT_CODE[resultCode];
  return BY_ERRNO[errnoOf(error) ?? ''];
}

/** The primary result code is the low byte of an extended one. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('rawCode' in error && typeof error.rawCode === 'number') return error.rawCode & 0xff;
  // libsql reports a failure to open without a code, as `ConnectionFailed("Unable to open … <path>: 14")`.
  const code = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(error.message)?.[1];
  return code === undefined ? undefined : Number(code) & 0xff;
}

function reasonOf(error: unknown): string {
  return messageOf(error);
}
