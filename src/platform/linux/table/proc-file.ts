import { closeSync, constants, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../../../shared/errors.ts';

/** Why a file of a process could not be read: the process ended meanwhile, or anything else (permission, no file handles). */
export type ReadFailure = 'vanished' | 'unreadable';

/** How much of a command line or an environment is read, in bytes. Any user can make one of 256 MB (`PR_SET_MM_MAP`, prctl(2)). */
export const ARGUMENTS_LIMIT_BYTES = 128 * 1024;
/** How much of any other file is read, in bytes. */
const FILE_LIMIT_BYTES = 64 * 1024;

/** What was read of a file, and whether it goes on beyond that. */
export interface BoundedBytes {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** All reads share it, and it never grows. The last byte only tells a file that ends at the limit from one that goes on. */
const buffer = Buffer.allocUnsafeSlow(ARGUMENTS_LIMIT_BYTES + 1);

/**
 * Reads a `/proc` file of a process as a whole; `unreadable` if it is longer than 64 KiB. The bytes are valid until the next read: they
 * lie in one buffer that all reads share.
 */
export function readProcFile(path: string): Buffer | ReadFailure {
  return readProcFileWith(path, (bytes, length) => bytes.subarray(0, length)) ?? 'unreadable';
}

/** Reads the first 128 KiB of a command line or an environment. The bytes are valid until the next read. */
export function readProcArguments(path: string): BoundedBytes | ReadFailure {
  return readBounded(path, ARGUMENTS_LIMIT_BYTES, (length, isCut) => ({ bytes: buffer.subarray(0, length), isCut }));
}

/**
 * Reads a whole `/proc` file and gives its bytes, the first `length` of that buffer, to a parser, which must not keep them. Undefined if
 * it is longer than 64 KiB.
 */
export function readProcFileWith<Parsed>(
  path: string,
  parse: (bytes: Buffer, length: number) => Parsed,
): Parsed | ReadFailure | undefined {
  return readBounded(path, FILE_LIMIT_BYTES, (length, isCut) => (isCut ? undefined : parse(buffer, length)));
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
    // The kernel fills the buffer with stat, cmdline and environ as far as they go: one read is all.
    const length = readSync(descriptor, buffer, 0, limit + 1, 0);
    return use(Math.min(length, limit), length > limit);
  } catch (error) {
    return failureOf(error);
  } finally {
    closeSync(descriptor);
  }
}

/** Where a `/proc` link points to; undefined where it cannot be read or there is none (a zombie has no `exe`). */
export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Every reason means the same to a caller: this was not to be learned.
    return undefined;
  }
}

/**
 * Effective uid of a process, from the owner of its `/proc/PID` directory. The directory shows it for non-dumpable processes too,
 * whose files belong to root. Undefined where it cannot be learned.
 */
export function effectiveUid(directory: string): number | undefined {
  try {
    return statSync(directory, { throwIfNoEntry: false })?.uid;
  } catch {
    // hidepid refuses the look; who it is stays unknown.
    return undefined;
  }
}

/** Whether an errno of a `/proc/PID` file says that the process is gone, and not only out of reach. */
export function failureOf(error: unknown): ReadFailure {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ESRCH' ? 'vanished' : 'unreadable';
}
