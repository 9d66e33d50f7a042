import { accessSync, constants, existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { assertPlainPath, DATA_DIR_VARIABLE, missingDataDir } from './data-dir-name.ts';
import { describeErrno } from './io-error.ts';

const FOLDER_MODE = 0o700;

export interface DataDirSource {
  /** Value of `--data-dir`. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home directory; the user's own by default. */
  readonly home?: string;
}

/**
 * The data dir: `--data-dir`, else `CLAUDE_MEM_DATA_DIR`, else `~/.claude-mem`, absolute and with every link resolved. Creates
 * nothing; one that does not exist yet is resolved as far as it exists, so that its name stays the same once it does.
 * @throws ClaudeMemError `data-dir` when it is a file, cannot be read, is a link that leads nowhere, or is written so that only a shell
 * would find it.
 */
export function resolveDataDir(source: DataDirSource): string {
  const written = writtenDataDir(source);
  try {
    const dataDir = realpathOfExisting(written);
    const stats = statSync(dataDir, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isDirectory()) throw notFolder(dataDir);
    if (stats !== undefined) accessSync(dataDir, constants.R_OK | constants.X_OK);
    return dataDir;
  } catch (error) {
    throw unusable(written, error);
  }
}

/**
 * The name of a data dir that cannot be used, resolved as far as it exists: what runs on it bears that name as a mark.
 * @throws ClaudeMemError `data-dir` where none is named.
 */
export function nameOfDataDir(source: DataDirSource): string {
  return resolveAsFarAsPossible(writtenDataDir(source), MAX_LINKS);
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

function resolveAsFarAsPossible(path: string, links: number): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path) === path ? path : resolveAsFarAsPossible(dirname(path), links);
    const name = join(folder, basename(path));
    const target = links > 0 ? linkTarget(name) : undefined;
    return target === undefined ? name : resolveAsFarAsPossible(resolve(folder, target), links - 1);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It is no link, or not there.
    return undefined;
  }
}

/**
 * Why a command that only looks should not take this data dir for an empty one: somebody named it, and it does not exist. Undefined for
 * the usual data dir, which the first start creates.
 */
export function missingError(dataDir: string, source: DataDirSource): ClaudeMemError | undefined {
  const named = namedDataDir(source);
  if (named === undefined || existsSync(dataDir)) return undefined;
  return missingDataDir(dataDir, named.source, join(homeFolder(source.home), '.claude-mem'));
}

/**
 * For commands that write: creates the data dir (0700) if it is missing, and makes sure that it belongs to this user.
 * @returns the path with every link resolved.
 * @throws ClaudeMemError `data-dir` or `not-owner`.
 */
export function ensureDataDir(dataDir: string): string {
  assertOwner(dataDir);
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(dataDir);
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

/**
 * Refuses a data dir that belongs to somebody else, for root too: `sudo claude-mem start` would leave files there that its owner
 * cannot use. Where it does not exist yet, root is refused a place inside another user's folder, for the same reason.
 * @throws ClaudeMemError `not-owner`; `data-dir` when it cannot be looked at.
 */
export function assertOwner(dataDir: string): void {
  const own = process.geteuid?.();
  if (own === undefined) return;
  const found = ownerOf(dataDir);
  const isOurs = found.uid === own || (!found.isDataDir && own !== 0);
  if (isOurs) return;
  throw new ClaudeMemError('not-owner', `the data dir ${dataDir} belongs to user id ${found.uid}, you are ${own}`, {
    hint: own === 0 ? 'Run the command as that user, without sudo.' : 'Use a data dir of your own with --data-dir.',
  });
}

/** Not `recursive`: Node then tries for ever where a folder that exists answers ENOENT, as procfs and automounters do. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    // Somebody else was faster.
    if (errnoOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

function writtenDataDir(source: DataDirSource): string {
  const { home } = source;
  const named = namedDataDir(source);
  if (named === undefined) return join(homeFolder(home), '.claude-mem');
  const { text } = named;
  // A settings file has no shell to expand it.
  if (text === '~' || text.startsWith('~/')) return join(homeFolder(home), text.slice(1));
  assertPlainPath({ ...named, env: source.env, home: home ?? source.env.HOME ?? '' });
  return resolve(text);
}

/** What somebody wrote, and where; undefined for the usual data dir. */
function namedDataDir({ flag, env }: DataDirSource): { readonly text: string; readonly source: string } | undefined {
  if (flag === '') {
    throw new ClaudeMemError('data-dir', '--data-dir is empty', { hint: 'Give the path of a folder.' });
  }
  if (flag !== undefined) return { text: flag, source: '--data-dir' };
  const text = env.CLAUDE_MEM_DATA_DIR;
  return text === undefined || text === '' ? undefined : { text, source: DATA_DIR_VARIABLE };
}

function homeFolder(given: string | undefined): string {
  const hint = 'Set HOME, or name the data dir with CLAUDE_MEM_DATA_DIR or --data-dir.';
  try {
    const home = given ?? homedir();
    if (isAbsolute(home)) return home;
  } catch (cause) {
    // A user id without an entry in passwd, as containers have.
    throw new ClaudeMemError('data-dir', 'this user has no home directory', { hint, cause });
  }
  throw new ClaudeMemError('data-dir', 'this user has no home directory', { hint });
}

function realpathOfExisting(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink() === true) throw danglingLink(path);
  // Another start has made it in between.
  if (entry !== undefined) return realpathSync(path);
  return join(realpathOfExisting(dirname(path)), basename(path));
}

function ownerOf(dataDir: string): { readonly uid: number; readonly isDataDir: boolean } {
  for (let path = dataDir; ; path = dirname(path)) {
    try {
      return { uid: statSync(path).uid, isDataDir: path === dataDir };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw unusable(dataDir, error);
    }
  }
}

function notFolder(path: string): ClaudeMemError {
  return new ClaudeMemError('data-dir', `the data dir ${path} is a file`, {
    hint: 'Name a folder with --data-dir or CLAUDE_MEM_DATA_DIR, or move that file away.',
  });
}

/** Most likely a disk that is not mounted: "nothing recorded" would be a lie. */
function danglingLink(path: string): ClaudeMemError {
  return new ClaudeMemError('data-dir', `${path} is a link to ${readlinkSync(path)}, which does not exist`, {
    hint: 'Mount what it leads to, or remove the link.',
  });
}

function unusable(path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(String(error));
  if (errno === 'ENOTDIR' || errno === 'EEXIST') {
    return new ClaudeMemError('data-dir', `a part of the data dir's path is a file: ${path}`, {
      hint: 'Name a folder with --data-dir or CLAUDE_MEM_DATA_DIR.',
      cause: error,
    });
  }
  return new ClaudeMemError('data-dir', `the data dir ${path} cannot be used: ${describeErrno(error)}`, {
    hint: 'Check its path, owner and mode, or name another with --data-dir or CLAUDE_MEM_DATA_DIR.',
    cause: error,
  });
}
