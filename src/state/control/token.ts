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

/** Errno of file systems that have no hard links (FAT, some network and FUSE ones). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']);

/** Where the secret stands that the worker asks its clients for. */
export function tokenPath(dataDir: string): string {
  return join(dataDir, 'token');
}

/**
 * The data dir's token, created (0600) if there is none. Of several that create it at the same time one wins, and all return that
 * one's.
 * @throws ClaudeMemError `io` also for a file that holds no token: who made it is not known, so it is not replaced.
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
 * The data dir's token; undefined where there is none yet. Changes nothing.
 * @throws ClaudeMemError `io` when it cannot be read or is no token.
 */
export function readToken(dataDir: string): string | undefined {
  const path = tokenPath(dataDir);
  try {
    const text = readTrustedText(path, MAX_FILE_BYTES, trustIn(dataDir)).trim();
    if (TOKEN.test(text)) return text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (!(error instanceof UnsuitableFileError)) throw ioError('read', path, error);
    throw new ClaudeMemError('io', `${path} holds no token that can be used: it ${error.reason}`, {
      hint: 'Remove it and run claude-mem restart: a new one is created.',
      cause: error,
    });
  }
  throw new ClaudeMemError('io', `${path} holds no token`, {
    hint: 'Remove it and run claude-mem restart: a new one is created.',
  });
}

/** Written aside and linked into place: nobody ever reads half a token, and a link, unlike a rename, never replaces another's. */
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
