import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../../shared/errors.ts';
import { ioError } from './io-error.ts';

const FILE_MODE = 0o600;

/** Ours alone, because leftovers are removed by this pattern; the leading dot hides them from every reader. */
const TEMPORARY_NAME = /^\.(?<target>.+)\.\d+-[0-9a-f]+\.claude-mem-tmp$/;
/** Nobody can plant a file or a link under a name that cannot be guessed. */
const RANDOM_BYTES = 12;

/** A write takes milliseconds: what another file's writer left and is this old belongs to nobody. */
const LEFTOVER_AGE_MS = 60_000;

/** Our temporary file can be taken for a leftover only if the clock jumps in the middle of a write. */
const ATTEMPTS = 5;

/**
 * Writes a file so that, whenever power or process ends, either the whole old or the whole new content is there: temporary file in
 * the same folder, fsync, rename, fsync of the folder. (write-file-atomic leaves the last one out, so that a power cut may lose
 * the rename.) The file gets mode 0600 unless told. A link at its name is replaced, not followed. Also removes temporary files that killed
 * writers left in that folder.
 * @throws ClaudeMemError `io`; the old file is untouched and no temporary file is left.
 */
export function writeFileAtomic(path: string, text: string, mode = FILE_MODE): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      replaceFile(path, text, mode);
      return;
    } catch (error) {
      const mayBeCleanedAway = errnoOf(error) === 'ENOENT' && attempt < ATTEMPTS;
      if (!mayBeCleanedAway) throw ioError('write', path, error);
    }
  }
}

/** Makes a rename or an unlink in the folder durable. */
export function syncFolder(folder: string): void {
  // Windows has no handle on a folder to flush.
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network and FUSE file systems cannot sync a folder; the rename itself has succeeded.
    if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOTSUP') throw error;
  } finally {
    closeSync(fd);
  }
}

function replaceFile(path: string, text: string, mode: number): void {
  const folder = dirname(path);
  const random = randomBytes(RANDOM_BYTES).toString('hex');
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${random}.claude-mem-tmp`);
  try {
    // Before the write, so that what a killed writer left cannot be what fills the disk.
    removeLeftovers(path, basename(temporary));
    writeDurably(temporary, text, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function writeDurably(path: string, text: string, mode: number): void {
  const fd = openSync(path, NEW_FILE, mode);
  try {
    // The umask must not keep it from those it is for.
    if (mode !== FILE_MODE) fchmodSync(fd, mode);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file has one writer at a time, so its own leftovers go at once; another file's may be in use. */
function removeLeftovers(path: string, own: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const target = TEMPORARY_NAME.exec(name)?.groups?.target;
    if (target === undefined || name === own) continue;
    const leftover = join(folder, name);
    const stats = lstatSync(leftover, { throwIfNoEntry: false });
    if (stats?.isFile() === true && (target === basename(path) || isOld(stats))) rmSync(leftover, { force: true });
  }
}

function isOld({ mtimeMs }: Stats): boolean {
  return Date.now() - mtimeMs > LEFTOVER_AGE_MS;
}
