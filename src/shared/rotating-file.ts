import { closeSync, fstatSync, lstatSync, mkdirSync, renameSync, statSync, writeSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { assertOwnFolder, openOwnForWriting } from './own-file.ts';

export interface RotationOptions {
  /** A file that would grow beyond this is put aside; bytes. */
  readonly maxBytes: number;
  /** How many are kept beside the current one: `name.1` is the newest. */
  readonly keep: number;
}

/**
 * A file that lines are appended to, of bounded size: `name`, `name.1` … `name.<keep>`. The current one always bears the plain name, so
 * that it can be followed by it. Several processes may write to the same: each looks, before a line, whether another has rotated. (A
 * rotation library was tried first: it numbers every file of the folder in one row, whoever writes it.)
 *
 * A link or another user's file in its place is not written to: that would be a way to change files of this user.
 *
 * Written synchronously: what was logged before a SIGKILL is there. Never throws: a log that cannot be written must not end what it
 * tells about.
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
      // A full disk, a folder that was removed: tried again with the next line.
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
    // One level only: a reader must not create the data dir.
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
