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
import { whileInUse } from '../../shared/while-in-use.ts';
import { ioError } from './io-error.ts';

const FILE_MODE = 0o600;

/**
 * Specific to claude-mem, because leftovers are removed by this pattern. The leading dot hides the files from all
 * readers.
 */
const TEMPORARY_NAME = /^\.(?<target>.+)\.\d+-[0-9a-f]+\.claude-mem-tmp$/;
/** An unpredictable name, so that no other user can place a file or a link there first. */
const RANDOM_BYTES = 12;

/** A write takes milliseconds. A temporary file of another target that is older than this has no living writer. */
const LEFTOVER_AGE_MS = 60_000;

/** The temporary file can be mistaken for a leftover only if the clock jumps during the write. */
const ATTEMPTS = 5;

/**
 * Writes a file atomically and durably: after a crash or power cut, either the old or the new content is complete. Uses
 * a temporary file in the same folder, fsync, rename, and fsync of the folder. (write-file-atomic omits the last step,
 * so a power cut may lose the rename.) Replaces a link instead of following it. Also removes temporary files that
 * killed writers left in the folder.
 * @param mode default 0600.
 * @throws ClaudeMemError `io`; the old file is then unchanged and no temporary file remains.
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
  // Windows cannot open a folder to flush it.
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network and FUSE file systems cannot sync a folder. The rename itself has succeeded.
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
    // Before the write, so that leftovers of killed writers cannot be the reason for a full disk.
    removeLeftovers(path, basename(temporary));
    writeDurably(temporary, text, mode);
    whileInUse(() => {
      renameSync(temporary, path);
    });
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
    // The umask must not remove permissions that the caller asked for.
    if (mode !== FILE_MODE) fchmodSync(fd, mode);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Removes leftovers of this file without an age check, because a file has one writer at a time. Leftovers of other
 * files may be in use.
 */
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
