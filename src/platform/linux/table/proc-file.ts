import { closeSync, constants, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../../../shared/errors.ts';

/** Why a process's file could not be read: the process ended, or any other cause (permission, no file handles). */
export type ReadFailure = 'vanished' | 'unreadable';

/**
 * How much of a command line or environment is read, in bytes. Any user can create one of 256 MB (`PR_SET_MM_MAP`,
 * prctl(2)).
 */
const ARGUMENTS_LIMIT_BYTES = 128 * 1024;
/** How much of any other file is read, in bytes. */
export const FILE_LIMIT_BYTES = 64 * 1024;

/** The bytes read, and whether the file continues beyond them. */
export interface BoundedBytes {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** Shared by all reads; never grows. Its last byte distinguishes a file that ends at the limit from a longer one. */
const buffer = Buffer.allocUnsafeSlow(ARGUMENTS_LIMIT_BYTES + 1);

/**
 * Reads a process's `/proc` file completely; `unreadable` if it is longer than 64 KiB. The bytes are valid until the
 * next read, because all reads share one buffer.
 */
export function readProcFile(path: string): Buffer | ReadFailure {
  return readBounded(path, FILE_LIMIT_BYTES, (length, isCut) => (isCut ? 'unreadable' : buffer.subarray(0, length)));
}

/** Reads the first 128 KiB of a command line or environment. The bytes are valid until the next read. */
export function readProcArguments(path: string): BoundedBytes | ReadFailure {
  return readBounded(path, ARGUMENTS_LIMIT_BYTES, (length, isCut) => ({ bytes: buffer.subarray(0, length), isCut }));
}

function readBounded<Result>(
  path: string,
  limit: number,
  use: (length: number, isCut: boolean) => Result,
): Result | ReadFailure {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY);
  } catch (error) {
    return failureOf(error);
  }
  try {
    // For stat, cmdline and environ, the kernel returns everything in one read.
    const length = readSync(descriptor, buffer, 0, limit + 1, 0);
    return use(Math.min(length, limit), length > limit);
  } catch (error) {
    return failureOf(error);
  } finally {
    closeSync(descriptor);
  }
}

/** Target of a `/proc` link; undefined if it cannot be read or does not exist (a zombie has no `exe`). */
export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // The cause does not matter to callers.
    return undefined;
  }
}

/**
 * Effective uid of a process: the owner of its `/proc/PID` directory. Also correct for non-dumpable processes, whose
 * files belong to root. Undefined if it is not readable.
 */
export function effectiveUid(directory: string): number | undefined {
  try {
    return statSync(directory, { throwIfNoEntry: false })?.uid;
  } catch {
    // Hidden by hidepid: the user stays unknown.
    return undefined;
  }
}

/** Whether an errno on a `/proc/PID` file means that the process is gone, rather than not accessible. */
export function failureOf(error: unknown): ReadFailure {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ESRCH' ? 'vanished' : 'unreadable';
}
