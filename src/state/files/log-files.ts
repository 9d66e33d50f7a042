import { closeSync, fstatSync, ftruncateSync, mkdirSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../shared/errors.ts';
import { assertOwnFolder, openOwnForWriting, openTrusted, type Trust, trustIn } from '../../shared/own-file.ts';
import { ioError } from './io-error.ts';

/** Enough for thousands of lines; of a log that is longer the end is read. */
const TAIL_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/** Where the programs of a data dir log to. */
export function logsFolder(dataDir: string): string {
  return join(dataDir, 'logs');
}

/** Takes what a program prints before its own log is open. */
function crashLogPath(dataDir: string): string {
  return join(logsFolder(dataDir), 'crash.log');
}

/**
 * Begins the crash log anew: what a failed start shows is its own.
 * @returns a descriptor, for the caller to close.
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

/** Names of the logs there are, without `.log`: `supervisor`, `worker`, … Rotated ones are left out. */
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

/** Follows one log: each call returns the whole lines that came since the last one, also over a rotation. */
export class LogTail {
  readonly #path: string;
  readonly #dataDir: string;
  #inode = 0;
  #position = 0;
  /** Bytes, because a letter may be cut in two. */
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
      // Not there yet, or just being rotated.
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

  /** What was written between the last call and the rotation. */
  #restOfRotated(inode: number): readonly string[] {
    if (this.#inode === 0 || inode === this.#inode) return [];
    let fd: number;
    try {
      fd = openTrusted(`${this.#path}.1`, this.#trust());
    } catch {
      // Removed, or rotated twice: gone.
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
    // A follower that falls further behind skips what is older, as the first call does.
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
    // A line without an end is not collected for ever.
    this.#rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - TAIL_BYTES)));
    if (end === 0) return [];
    const lines = bytes.toString('utf8', 0, end - 1).split('\n');
    return startsMidLine ? lines.slice(1) : lines;
  }
}
