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

/** `/dev/stdout` and similar paths name an open descriptor; a rename would replace it by a file. */
const OPEN_DESCRIPTOR = /^\/(?:dev\/(?:std(?<name>out|err)|fd\/(?<fd>\d{1,9}))|proc\/self\/fd\/(?<own>\d{1,9}))$/;
const STANDARD: Readonly<Record<string, number>> = { out: 1, err: 2 };

/** How long to wait for a pipe reader that does not read, in milliseconds. */
const READER_PATIENCE_MS = 10_000;
const RETRY_MS = 10;

/** Reports contain command lines, which are private. */
const PRIVATE_MODE = 0o600;
/** Permissions as the umask allows. */
export const USUAL_MODE = 0o666;
/** Readable by all, regardless of the umask. */
export const PUBLIC_MODE = 0o644;

/**
 * Writes a file at a path that the user named, completely or not at all: first under an unpredictable name, then
 * renamed. Replaces a link instead of following it. Writes directly to a device, a pipe, or `/dev/stdout`.
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
 * Prepares a file that is written later: empties it, so that an old report cannot be mistaken for the new one, and
 * checks that it is writable. Does nothing for a device, a pipe, or `/dev/stdout`.
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

/** Opens without blocking, because a pipe may never get a reader. */
function writeSpecial(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    // A file that replaced it meanwhile was not checked.
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

/** The temporary name does not contain the file name, which may already have the maximum length. */
function createTemporary(path: string, mode: number): { readonly fd: number; readonly temporary: string } {
  const temporary = join(dirname(path), `.claude-mem-${randomBytes(12).toString('hex')}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return { fd: openSync(temporary, flags, mode), temporary };
}
