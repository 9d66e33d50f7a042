import { closeSync, constants, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.ts';

/** Why a file of a process could not be read: the process ended meanwhile, or anything else (permission, no file handles). */
export type ReadFailure = 'vanished' | 'unreadable';

/** Holds nearly every `environ` in one read; grown for the rest, up to what the kernel allows (about 6 MB). */
const INITIAL_BUFFER_BYTES = 65_536;
let buffer = Buffer.allocUnsafe(INITIAL_BUFFER_BYTES);

/** Reads a whole `/proc` file. The bytes are valid until the next read: they lie in one buffer that all reads share. */
export function readProcFile(path: string): Buffer | ReadFailure {
  return readProcFileWith(path, (bytes, length) => bytes.subarray(0, length));
}

/** Reads a whole `/proc` file and gives its bytes, the first `length` of that buffer, to a parser, which must not keep them. */
export function readProcFileWith<Parsed>(
  path: string,
  parse: (bytes: Buffer, length: number) => Parsed,
): Parsed | ReadFailure {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY);
  } catch (error) {
    return failureOf(error);
  }
  try {
    const length = readWhole(descriptor);
    return parse(buffer, length);
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

function readWhole(descriptor: number): number {
  let length = 0;
  for (;;) {
    length += readSync(descriptor, buffer, length, buffer.length - length, length);
    // The kernel fills the buffer with stat, cmdline and environ as far as they go, so a short read was the last.
    if (length < buffer.length) return length;
    buffer = Buffer.concat([buffer], buffer.length * 2);
  }
}
