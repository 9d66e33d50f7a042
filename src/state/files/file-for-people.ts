import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoOf } from '../../shared/errors.ts';
import { UnsuitableFileError } from '../../shared/own-file.ts';
import { ioError } from './io-error.ts';

/** `/dev/stdout` and its like name what is open already; a rename would put a file in its place. */
const OPEN_DESCRIPTOR = /^\/(?:dev\/(?:std(?<name>out|err)|fd\/(?<fd>\d{1,9}))|proc\/self\/fd\/(?<own>\d{1,9}))$/;
const STANDARD: Readonly<Record<string, number>> = { out: 1, err: 2 };

/** A reader of a pipe that takes nothing for so long has given up. Milliseconds. */
const READER_PATIENCE_MS = 10_000;
const RETRY_MS = 10;

/** Command lines are nobody else's business. */
const PRIVATE_MODE = 0o600;
/** As far as the umask lets others read. */
export const USUAL_MODE = 0o666;
/** Whatever the umask says. */
export const PUBLIC_MODE = 0o644;

/**
 * Writes a file where a person wants it, whole or not at all: under a random name that nobody can plant anything at, then renamed.
 * Follows no link: one at the final name is replaced. A device, a pipe and `/dev/stdout` are written to.
 * @throws ClaudeMemError `io`.
 */
export function writeFileForPeople(file: string, text: string, mode = PRIVATE_MODE): void {
  const path = resolve(file);
  try {
    const open = openDescriptor(path);
    const existing = lstatSync(path, { throwIfNoEntry: false });
    if (open !== undefined) writeAll(open, text);
    else if (existing !== undefined && isSpecial(existing)) writeSpecial(path, text);
    else replaceFile(path, text, mode);
  } catch (error) {
    throw ioError('write', file, error);
  }
}

/**
 * Begins a file that is written later: empties it, so that the report of an earlier run cannot be taken for this one's, and finds out
 * whether it can be written. A device, a pipe and `/dev/stdout` are left alone.
 * @throws ClaudeMemError `io`.
 */
export function beginFileForPeople(file: string, mode = PRIVATE_MODE): void {
  const path = resolve(file);
  try {
    const existing = lstatSync(path, { throwIfNoEntry: false });
    if (openDescriptor(path) !== undefined || (existing !== undefined && isSpecial(existing))) return;
    replaceFile(path, '', mode);
  } catch (error) {
    throw ioError('write', file, error);
  }
}

function openDescriptor(path: string): number | undefined {
  const found = OPEN_DESCRIPTOR.exec(path)?.groups;
  if (found === undefined) return undefined;
  return found.name === undefined ? Number(found.fd ?? found.own) : STANDARD[found.name];
}

function isSpecial(stats: Stats): boolean {
  return !stats.isFile() && !stats.isSymbolicLink() && !stats.isDirectory();
}

/** Without waiting for somebody who reads a pipe: whoever made it may never do so. */
function writeSpecial(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    // A file that took its place in between is not what was looked at.
    if (fstatSync(fd).isFile()) throw new UnsuitableFileError(path, 'was replaced meanwhile');
    writeAll(fd, text);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  let patienceMs = READER_PATIENCE_MS;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
      patienceMs = READER_PATIENCE_MS;
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN' || patienceMs <= 0) throw error;
      patienceMs -= RETRY_MS;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function replaceFile(path: string, text: string, mode: number): void {
  const { fd, temporary } = createTemporary(path, mode);
  try {
    try {
      if (mode === PUBLIC_MODE) fchmodSync(fd, mode);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Its name holds nothing of the file's: that one may be as long as a name can be. */
function createTemporary(path: string, mode: number): { readonly fd: number; readonly temporary: string } {
  const temporary = join(dirname(path), `.claude-mem-${randomBytes(12).toString('hex')}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return { fd: openSync(temporary, flags, mode), temporary };
}
