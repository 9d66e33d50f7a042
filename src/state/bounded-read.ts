import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A file that is there and is not what can be read: not a regular file, or larger than anything we or others write. */
export class UnsuitableFileError extends Error {
  override readonly name = 'UnsuitableFileError';
}

/**
 * The text of a regular file of at most `maxBytes`. Never waits: a pipe put in the place of a file would stop every command.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function readBoundedText(path: string, maxBytes: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new UnsuitableFileError(`${path} is not a regular file`);
    if (stats.size > maxBytes) throw new UnsuitableFileError(`${path} is larger than ${maxBytes} bytes`);
    return readAll(fd, stats.size);
  } finally {
    closeSync(fd);
  }
}

/** Reads what was there when it was opened: a file that grows meanwhile cannot exceed the bound. */
function readAll(fd: number, size: number): string {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = readSync(fd, buffer, length, size - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString('utf8', 0, length);
}
