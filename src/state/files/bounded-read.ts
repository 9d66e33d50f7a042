import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { openTrusted, type Trust, UnsuitableFileError } from '../../shared/own-file.ts';

export { UnsuitableFileError };

/**
 * The text of a regular file of at most `maxBytes`, wherever a link leads. Never waits: a pipe put in the place of a file would stop
 * every command.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function readBoundedText(path: string, maxBytes: number): string {
  return readBoundedBytes(path, maxBytes).toString('utf8');
}

/** As `readBoundedText`, for a text whose encoding is not known. */
function readBoundedBytes(path: string, maxBytes: number): Buffer {
  return readOpen(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), maxBytes);
}

/**
 * The text of a record in a data dir: as `readBoundedText`, but a link or a file of another user is refused.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function readTrustedText(path: string, maxBytes: number, trust: Trust): string {
  return readOpen(path, openTrusted(path, trust), maxBytes).toString('utf8');
}

function readOpen(path: string, fd: number, maxBytes: number): Buffer {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new UnsuitableFileError(path, 'is not a regular file');
    if (stats.size > maxBytes) throw new UnsuitableFileError(path, `is larger than ${maxBytes} bytes`);
    return readAll(fd, stats.size);
  } finally {
    closeSync(fd);
  }
}

/** Reads what was there when it was opened: a file that grows meanwhile cannot exceed the bound. */
function readAll(fd: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = readSync(fd, buffer, length, size - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
