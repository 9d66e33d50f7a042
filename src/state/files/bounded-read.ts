import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { openTrusted, type Trust, UnsuitableFileError } from '../../shared/own-file.ts';
import { whileInUse } from '../../shared/while-in-use.ts';

export { UnsuitableFileError };

/**
 * Reads a regular file of at most `maxBytes` bytes as text. Follows links. Opens without blocking, because a pipe in
 * place of a file would block every command.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function readBoundedText(path: string, maxBytes: number): string {
  return readBoundedBytes(path, maxBytes).toString('utf8');
}

/** Like `readBoundedText`, for a text of unknown encoding. */
function readBoundedBytes(path: string, maxBytes: number): Buffer {
  const fd = whileInUse(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  return readOpen(path, fd, maxBytes);
}

/**
 * Like `readBoundedText`, for a record in a data dir: refuses a link and another user's file.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function readTrustedText(path: string, maxBytes: number, trust: Trust): string {
  return readOpen(path, openTrusted(path, trust), maxBytes).toString('utf8');
}

/**
 * Like `readTrustedText`; undefined if there is no such file. It is looked for before it is opened, because most commands look for many
 * files that do not exist, and an error of Node.js costs more than reading a file.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function readTrustedTextIfAny(path: string, maxBytes: number, trust: Trust): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readTrustedText(path, maxBytes, trust);
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

/** Reads at most the size at opening, so that a growing file cannot exceed the limit. */
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
