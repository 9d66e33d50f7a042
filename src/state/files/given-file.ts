import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../../shared/errors.ts';
import { UnsuitableFileError } from '../../shared/own-file.ts';

const CHUNK_BYTES = 256 * 1024;
/** How long to wait for a pipe writer that writes nothing, in milliseconds. */
const WRITER_PATIENCE_MS = 10_000;
const RETRY_MS = 10;

/**
 * Reads a file that the user named, or a pipe (`<(zcat …)`) until its writer closes it.
 * @throws UnsuitableFileError if it is too large, or the Node.js system error.
 */
export function readGivenFile(path: string, maxBytes: number): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(fd).size > maxBytes) throw tooLarge(path, maxBytes);
    const chunks: Buffer[] = [];
    let length = 0;
    for (let chunk = readChunk(fd, path); chunk.length > 0; chunk = readChunk(fd, path)) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(path, maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(fd);
  }
}

/** Empty at the end of the file. */
function readChunk(fd: number, path: string): Buffer {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let waitedMs = 0; waitedMs < WRITER_PATIENCE_MS; waitedMs += RETRY_MS) {
    try {
      return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, null));
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
  throw new UnsuitableFileError(path, 'is a pipe without a writer');
}

function tooLarge(path: string, maxBytes: number): UnsuitableFileError {
  return new UnsuitableFileError(path, `is larger than ${maxBytes} bytes`);
}
