import { chmodSync, lstatSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoteShell } from '../../core/text/quote-shell.ts';
import type { AccessLists } from '../../operations/ports/doctor.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { assertTrustedFolder, trustIn, UnsuitableFileError, WRITABLE_BY_OTHERS } from '../../shared/own-file.ts';
import { assertOwnByList, closeByLists, openByLists } from './access-lists.ts';
import { ioError } from './io-error.ts';

/** Folders of claude-mem. The plugin's files in the same data dir keep their own modes. */
const OUR_FOLDERS = ['trees', 'logs', 'samples', 'spool', 'bin', 'guard', 'vectors', 'tools'];
const OUR_FILES = /^token$|^config\.json$|^memory\.db|\.lock/;
/** Folders in which every file belongs to claude-mem; `vectors` and `tools` also contain files of other programs. */
const FOLDERS_OF_RECORDS = ['trees', 'logs', 'samples', 'spool', 'bin', 'guard'];

/** Files that were renamed earlier, or that stay unchanged on purpose. */
const ASIDE = /\.not-yours-\d+$/;

/**
 * Refuses a data dir in which other users can write or own a claude-mem folder: they could forge records of processes
 * to end.
 * @param lists undefined on systems with modes.
 * @throws ClaudeMemError `data-dir`; `not-owner` by the lists.
 */
export function assertClosedToOthers(dataDir: string, lists?: AccessLists): void {
  if (lists !== undefined) assertOwnByList(dataDir, lists);
  const [first] = pathsOpenToOthers(dataDir, lists);
  if (first === undefined) return;
  throw new ClaudeMemError('data-dir', `${first}, so claude-mem does not start or end processes here`, {
    hint: `Run claude-mem doctor --fix --data-dir ${quoteShell([dataDir])}, then try again.`,
  });
}

/** Describes what lets other users write below a data dir; empty on systems with neither users nor lists. */
export function pathsOpenToOthers(dataDir: string, lists?: AccessLists): readonly string[] {
  if (lists !== undefined) return openByLists(dataDir, foldersIn(dataDir), lists);
  const stats = statSync(dataDir, { throwIfNoEntry: false });
  if (stats === undefined || process.geteuid === undefined) return [];
  const isOpen = (stats.mode & WRITABLE_BY_OTHERS) !== 0;
  const itself = isOpen ? [`the data dir ${dataDir} is writable by other users (mode ${octal(stats.mode)})`] : [];
  const trust = trustIn(dataDir);
  const below = foldersIn(dataDir).flatMap((path) => {
    try {
      // The code that needs the folder reports a file in its place.
      if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) return [];
      assertTrustedFolder(path, trust);
      return [];
    } catch (error) {
      return error instanceof UnsuitableFileError ? [error.message] : [];
    }
  });
  return [...itself, ...below];
}

function foldersIn(dataDir: string): readonly string[] {
  return OUR_FOLDERS.map((name) => join(dataDir, name));
}

/** Files and links of another user at paths that claude-mem uses. */
export function strangersIn(dataDir: string): readonly string[] {
  const { uid } = trustIn(dataDir);
  if (uid === undefined) return [];
  const folders = [...FOLDERS_OF_RECORDS, join('spool', 'set-aside')].map((name) => join(dataDir, name));
  const paths = [...ours(dataDir), ...folders.flatMap((folder) => entriesOf(folder))];
  return paths.filter((path) => {
    const stats = ASIDE.test(path) ? undefined : lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.uid === uid) return false;
    // An administrator may provide the settings.
    return !(stats.uid === 0 && path === join(dataDir, 'config.json') && stats.isFile());
  });
}

/**
 * Removes all permissions of other users from the data dir and from the claude-mem files directly in it, and renames
 * files of other users. Leaves links of the owner unchanged.
 * @returns a description of each change.
 * @throws ClaudeMemError `io`; `data-dir` if the file system does not store modes.
 */
export function closeToOthers(dataDir: string, lists?: AccessLists): readonly string[] {
  const restricted =
    lists === undefined
      ? [dataDir, ...ours(dataDir)].filter(restrict)
      : closeByLists([dataDir, ...foldersIn(dataDir)], lists);
  const aside = strangersIn(dataDir).map(
    (path) => `Renamed ${path}, which belongs to another user, to ${setAside(path)}`,
  );
  if (process.geteuid !== undefined && (statSync(dataDir).mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new ClaudeMemError('data-dir', `the file system of ${dataDir} does not keep file modes`, {
      hint: 'Use a data dir on another file system.',
    });
  }
  return [...restricted.map((path) => `Removed the permissions of other users from ${path}`), ...aside];
}

function ours(dataDir: string): readonly string[] {
  return entriesOf(dataDir, (name) => OUR_FOLDERS.includes(name) || OUR_FILES.test(name));
}

/** Empty if the folder is missing or a link: claude-mem does not judge the link's target. */
function entriesOf(folder: string, isMeant: (name: string) => boolean = () => true): readonly string[] {
  try {
    if (lstatSync(folder).isSymbolicLink()) return [];
    return readdirSync(folder)
      .filter(isMeant)
      .map((name) => join(folder, name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw ioError('list', folder, error);
  }
}

function restrict(path: string): boolean {
  try {
    const stats = lstatSync(path);
    const isOurs = process.geteuid === undefined || stats.uid === process.geteuid();
    if (!isOurs || stats.isSymbolicLink() || (stats.mode & 0o077) === 0) return false;
    chmodSync(path, stats.mode & 0o700);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw ioError('restrict the mode of', path, error);
  }
}

function setAside(path: string): string {
  for (let number = 1; ; number += 1) {
    const target = `${path}.not-yours-${number}`;
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      renameSync(path, target);
      return target;
    } catch (error) {
      throw ioError('set aside', path, error);
    }
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
