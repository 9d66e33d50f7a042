import { closeSync, fstatSync, lstatSync, mkdirSync, renameSync, statSync, writeSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { assertOwnFolder, openOwnForWriting } from './own-file.ts';

export interface RotationOptions {
  /** Size limit in bytes. A write that would exceed it rotates the file first. */
  readonly maxBytes: number;
  /** How many rotated files are kept: `name.1` is the newest. */
  readonly keep: number;
}

/**
 * An append-only file of bounded size: `name`, `name.1` … `name.<keep>`. The current file always has the plain name, so
 * that readers can follow it by name. Several processes may write to the same file: before each line, each one checks
 * whether another has rotated it. (A rotation library numbers all files in the folder in one sequence, regardless of
 * the writer.)
 *
 * Does not write to a link or to another user's file: that would let others change files of this user.
 *
 * Writes synchronously, so that lines logged before a SIGKILL are on disk. Never throws: a failing log must not end the
 * program.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #options: RotationOptions;
  #fd: number | undefined;

  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      this.#prepare(bytes.length);
      if (this.#fd !== undefined) writeSync(this.#fd, bytes);
    } catch {
      // The disk is full or the folder was removed. The next line tries again.
      this.close();
    }
  }

  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    closeSync(fd);
  }

  #prepare(addedBytes: number): void {
    const current = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    const size = Number(current?.size ?? 0);
    if (size > 0 && size + addedBytes > this.#options.maxBytes) this.#rotate();
    else if (this.#fd !== undefined && isSame(fstatSync(this.#fd, { bigint: true }), current)) return;
    this.close();
    this.#fd = this.#open();
  }

  #open(): number {
    // Creates one level only: a reader must not create the data dir.
    if (statSync(dirname(this.#path), { throwIfNoEntry: false }) === undefined) {
      mkdirSync(dirname(this.#path), { mode: 0o700 });
    }
    assertOwnFolder(dirname(this.#path));
    return openOwnForWriting(this.#path, 'append');
  }

  #rotate(): void {
    for (let number = this.#options.keep; number >= 1; number -= 1) {
      const older = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      if (lstatSync(older, { throwIfNoEntry: false }) !== undefined) renameSync(older, `${this.#path}.${number}`);
    }
  }
}

function isSame(open: BigIntStats, named: BigIntStats | undefined): boolean {
  return named?.dev === open.dev && named.ino === open.ino;
}
