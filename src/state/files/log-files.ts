import { closeSync, fstatSync, ftruncateSync, mkdirSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../shared/errors.ts';
import { assertOwnFolder, openOwnForWriting, openTrusted, type Trust, trustIn } from '../../shared/own-file.ts';
import { ioError } from './io-error.ts';

/** Holds thousands of lines. Of a longer log only the end is read. */
const TAIL_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/** The folder of the logs of a data dir. */
export function logsFolder(dataDir: string): string {
  return join(dataDir, 'logs');
}

/** Collects output that a program prints before it opens its own log. */
function crashLogPath(dataDir: string): string {
  return join(logsFolder(dataDir), 'crash.log');
}

/**
 * Empties the crash log, so that a failed start shows only its own output.
 * @returns a file descriptor that the caller closes.
 * @throws ClaudeMemError `io`.
 */
export function beginCrashLog(dataDir: string): number {
  const path = crashLogPath(dataDir);
  try {
    mkdirSync(logsFolder(dataDir), { recursive: true, mode: 0o700 });
    assertOwnFolder(logsFolder(dataDir));
    const fd = openOwnForWriting(path, 'append');
    ftruncateSync(fd);
    return fd;
  } catch (error) {
    throw ioError('write', path, error);
  }
}

/** Names of the existing logs without `.log`: `supervisor`, `worker`, … Rotated files are left out. */
export function logNames(dataDir: string): readonly string[] {
  try {
    return readdirSync(logsFolder(dataDir))
      .filter((name) => name.endsWith('.log'))
      .map((name) => name.slice(0, -'.log'.length))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read', logsFolder(dataDir), error);
  }
}

/** Follows one log: each call returns the complete lines since the last call, also across a rotation. */
export class LogTail {
  readonly #path: string;
  readonly #dataDir: string;
  #inode = 0;
  #position = 0;
  /** Bytes, because a character may be cut in two. */
  #rest = Buffer.alloc(0);

  constructor(dataDir: string, name: string) {
    this.#dataDir = dataDir;
    this.#path = join(logsFolder(dataDir), `${name}.log`);
  }

  /** @throws ClaudeMemError `io`. */
  read(): readonly string[] {
    let fd: number;
    try {
      fd = openTrusted(this.#path, this.#trust());
    } catch (error) {
      // Does not exist yet, or is being rotated.
      if (errnoOf(error) === 'ENOENT') return [];
      throw ioError('read', this.#path, error);
    }
    try {
      return [...this.#restOfRotated(fstatSync(fd).ino), ...this.#readFrom(fd)];
    } finally {
      closeSync(fd);
    }
  }

  #trust(): Trust {
    return trustIn(this.#dataDir);
  }

  /** The lines written between the last call and the rotation. */
  #restOfRotated(inode: number): readonly string[] {
    if (this.#inode === 0 || inode === this.#inode) return [];
    let fd: number;
    try {
      fd = openTrusted(`${this.#path}.1`, this.#trust());
    } catch {
      // Removed or rotated twice, so no longer available.
      return [];
    }
    try {
      return fstatSync(fd).ino === this.#inode ? this.#readFrom(fd) : [];
    } finally {
      closeSync(fd);
    }
  }

  #readFrom(fd: number): readonly string[] {
    const { ino, size } = fstatSync(fd);
    if (ino !== this.#inode || size < this.#position) {
      this.#inode = ino;
      this.#rest = Buffer.alloc(0);
      this.#position = 0;
    }
    // A reader that falls further behind skips older lines, as the first call does.
    const startsMidLine = size - this.#position > TAIL_BYTES;
    if (startsMidLine) {
      this.#rest = Buffer.alloc(0);
      this.#position = size - TAIL_BYTES;
    }
    const buffer = Buffer.alloc(size - this.#position);
    const length = readSync(fd, buffer, 0, buffer.length, this.#position);
    this.#position += length;
    const bytes = Buffer.concat([this.#rest, buffer.subarray(0, length)]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    // Limits the buffer for a line that never ends.
    this.#rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - TAIL_BYTES)));
    if (end === 0) return [];
    const lines = bytes.toString('utf8', 0, end - 1).split('\n');
    return startsMidLine ? lines.slice(1) : lines;
  }
}
