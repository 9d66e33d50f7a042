import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { syncFolder } from '../files/atomic-file.ts';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { readTrustedText, UnsuitableFileError } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';

const TOKEN_BYTES = 32;
const TOKEN = new RegExp(`^[0-9a-f]{${TOKEN_BYTES * 2}}$`);
const MAX_FILE_BYTES = 4096;
const FILE_MODE = 0o600;

/** Errors from file systems without hard links (FAT, some network and FUSE file systems). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']);

/** The file of the secret that the worker requires from its clients. */
function tokenPath(dataDir: string): string {
  return join(dataDir, 'token');
}

/**
 * Returns the data dir's token and creates it (0600) if there is none. If several processes create it simultaneously,
 * one wins and all return its token.
 * @throws ClaudeMemError `io`, also for a file that contains no token: its author is unknown, so it is not replaced.
 */
export function ensureToken(dataDir: string): string {
  const known = readToken(dataDir);
  if (known !== undefined) {
    restrictMode(tokenPath(dataDir));
    return known;
  }
  createToken(tokenPath(dataDir));
  const created = readToken(dataDir);
  if (created !== undefined) return created;
  throw new ClaudeMemError('io', `${tokenPath(dataDir)} was removed while it was being created`, {
    hint: 'Try again.',
  });
}

/**
 * Returns the data dir's token; undefined if there is none yet. Changes nothing.
 * @throws ClaudeMemError `io` if the file cannot be read or contains no token.
 */
export function readToken(dataDir: string): string | undefined {
  const path = tokenPath(dataDir);
  try {
    const text = readTrustedText(path, MAX_FILE_BYTES, trustIn(dataDir)).trim();
    if (TOKEN.test(text)) return text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (!(error instanceof UnsuitableFileError)) throw ioError('read', path, error);
    throw new ClaudeMemError('io', `cannot use the token file ${path}: it ${error.reason}`, {
      hint: 'Remove it and run claude-mem restart, which creates a new one.',
      cause: error,
    });
  }
  throw new ClaudeMemError('io', `${path} contains no token`, {
    hint: 'Remove it and run claude-mem restart, which creates a new one.',
  });
}

/**
 * Writes a temporary file and links it into place: a reader never sees half a token, and a link, unlike a rename, never
 * replaces an existing file.
 */
function createToken(path: string): void {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeDurably(temporary, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`);
    publish(temporary, path);
    syncFolder(join(path, '..'));
  } catch (error) {
    throw ioError('create', path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function publish(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return;
    if (!NO_HARD_LINKS.has(errno)) throw error;
    copyUnlessThere(temporary, path);
  }
}

function copyUnlessThere(temporary: string, path: string): void {
  try {
    copyFileSync(temporary, path, constants.COPYFILE_EXCL);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(path, 'wx', FILE_MODE);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function restrictMode(path: string): void {
  try {
    const stats = lookAtTrusted(path, trustIn(join(path, '..')));
    if (stats !== undefined && (stats.mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
  } catch (error) {
    throw ioError('restrict the mode of', path, error);
  }
}
