import { accessSync, constants, existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { AccessLists } from '../../operations/ports/doctor.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { assertPlainPath, DATA_DIR_VARIABLE, missingDataDir } from './data-dir-name.ts';
import { describeErrno } from './io-error.ts';

const FOLDER_MODE = 0o700;

export interface DataDirSource {
  /** Value of `--data-dir`. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the home directory of the user. */
  readonly home?: string;
}

/**
 * Returns the data dir as an absolute path without links: `--data-dir`, else `CLAUDE_MEM_DATA_DIR`, else
 * `~/.claude-mem`. Creates nothing. The existing part of a missing path is resolved, so that its name is the same after
 * creation.
 * @throws ClaudeMemError `data-dir` if it is a file, cannot be read, is a link whose target does not exist, or needs a
 * shell to expand it.
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
 * Returns the name of an unusable data dir, resolved as far as it exists. Processes that run on it carry that name as a
 * mark.
 * @throws ClaudeMemError `data-dir` if none is named.
 */
export function nameOfDataDir(source: DataDirSource): string {
  return resolveAsFarAsPossible(writtenDataDir(source), MAX_LINKS);
}

/** The same limit as Linux. */
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
    // Not a link, or missing.
    return undefined;
  }
}

/**
 * Returns the error for a read-only command whose data dir was named but does not exist: the command must not report it
 * as empty. Undefined for the default data dir, which the first start creates.
 */
export function missingError(dataDir: string, source: DataDirSource): ClaudeMemError | undefined {
  const named = namedDataDir(source);
  if (named === undefined || existsSync(dataDir)) return undefined;
  return missingDataDir(dataDir, named.source, join(homeFolder(source.home), '.claude-mem'));
}

/**
 * For commands that write: creates the data dir (0700) if it is missing, and checks that it belongs to this user.
 * @param lists undefined on systems with modes.
 * @returns the path without links.
 * @throws ClaudeMemError `data-dir` or `not-owner`.
 */
export function ensureDataDir(dataDir: string, lists?: AccessLists): string {
  assertOwner(dataDir);
  try {
    makeFolder(dataDir, lists);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return realpathSync(dataDir);
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

/**
 * Refuses a data dir that belongs to another user, also when run as root: `sudo claude-mem start` would create files
 * that the owner cannot use. For the same reason root cannot create a data dir inside another user's folder.
 * @throws ClaudeMemError `not-owner`; `data-dir` if the owner cannot be determined.
 */
export function assertOwner(dataDir: string): void {
  const own = process.geteuid?.();
  if (own === undefined) return;
  const found = ownerOf(dataDir);
  const isOurs = found.uid === own || (!found.isDataDir && own !== 0);
  if (isOurs) return;
  throw new ClaudeMemError(
    'not-owner',
    `the data dir ${dataDir} belongs to user id ${found.uid}, but you are user id ${own}`,
    {
      hint:
        own === 0
          ? 'Run the command as that user, without sudo.'
          : 'Choose a data dir that belongs to you with --data-dir.',
    },
  );
}

/**
 * Not `recursive`: Node then retries forever where an existing folder answers ENOENT, as procfs and automounters do.
 */
function makeFolder(path: string, lists: AccessLists | undefined): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined) makeFolder(dirname(path), lists);
  if (lists?.makeFolder(path) === true) return;
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    // Another process created it first.
    if (errnoOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

function writtenDataDir(source: DataDirSource): string {
  const { home } = source;
  const named = namedDataDir(source);
  if (named === undefined) return join(homeFolder(home), '.claude-mem');
  const { text } = named;
  // A settings file has no shell to expand `~`.
  if (text === '~' || text.startsWith('~/')) return join(homeFolder(home), text.slice(1));
  assertPlainPath({ ...named, env: source.env, home: home ?? source.env.HOME ?? '' });
  return resolve(text);
}

/** The data dir as the user wrote it, and where; undefined for the default one. */
function namedDataDir({ flag, env }: DataDirSource): { readonly text: string; readonly source: string } | undefined {
  if (flag === '') {
    throw new ClaudeMemError('data-dir', '--data-dir is empty', { hint: 'Pass the path of a folder.' });
  }
  if (flag !== undefined) return { text: flag, source: '--data-dir' };
  const text = env.CLAUDE_MEM_DATA_DIR;
  return text === undefined || text === '' ? undefined : { text, source: DATA_DIR_VARIABLE };
}

function homeFolder(given: string | undefined): string {
  const hint = 'Set HOME, or choose the data dir with CLAUDE_MEM_DATA_DIR or --data-dir.';
  try {
    const home = given ?? usualHome();
    if (isAbsolute(home)) return home;
  } catch (cause) {
    // A user id without a passwd entry, as in containers.
    throw new ClaudeMemError('data-dir', 'this user has no home directory', { hint, cause });
  }
  throw new ClaudeMemError('data-dir', 'this user has no home directory', { hint });
}

/** Loading `node:os` costs every start a part of a millisecond, and outside Windows it returns HOME too. */
function usualHome(): string {
  return (process.platform === 'win32' ? undefined : process.env.HOME) ?? homedir();
}

function realpathOfExisting(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink() === true) throw danglingLink(path);
  // Another start created it meanwhile.
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
    hint: 'Choose a folder with --data-dir or CLAUDE_MEM_DATA_DIR, or move the file away.',
  });
}

/** Most likely an unmounted disk: "no records" would be wrong. */
function danglingLink(path: string): ClaudeMemError {
  return new ClaudeMemError('data-dir', `${path} is a link to ${readlinkSync(path)}, which does not exist`, {
    hint: "Mount the link's target, or remove the link.",
  });
}

function unusable(path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(String(error));
  if (errno === 'ENOTDIR' || errno === 'EEXIST') {
    return new ClaudeMemError('data-dir', `a part of the data dir path ${path} is a file`, {
      hint: 'Choose a folder with --data-dir or CLAUDE_MEM_DATA_DIR.',
      cause: error,
    });
  }
  return new ClaudeMemError('data-dir', `the data dir ${path} cannot be used: ${describeErrno(error)}`, {
    hint: 'Check its path, owner and mode, or choose another one with --data-dir or CLAUDE_MEM_DATA_DIR.',
    cause: error,
  });
}
