import { chmodSync, lstatSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoteShell } from '../../core/text/quote-shell.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { assertTrustedFolder, trustIn, UnsuitableFileError, WRITABLE_BY_OTHERS } from '../../shared/own-file.ts';
import { ioError } from './io-error.ts';

/** What of a data dir is ours: of the plugin's files in the same place the modes are its own affair. */
const OUR_FOLDERS = ['trees', 'logs', 'samples', 'spool', 'vectors', 'tools'];
const OUR_FILES = /^token$|^config\.json$|^memory\.db|\.lock/;
/** Folders whose files are records of ours, or are written by us; `vectors` and `tools` are full of other programs' files. */
const FOLDERS_OF_RECORDS = ['trees', 'logs', 'samples', 'spool'];

/** Set aside before, or left alone on purpose. */
const ASIDE = /\.not-yours-\d+$/;

/**
 * Refuses a data dir in which other users can write or own a folder of ours: they could forge records of what is to be ended.
 * @throws ClaudeMemError `data-dir`.
 */
export function assertClosedToOthers(dataDir: string): void {
  const [first] = openPlaces(dataDir);
  if (first === undefined) return;
  throw new ClaudeMemError('data-dir', `${first}: nothing is started or ended here`, {
    hint: `Run claude-mem doctor --fix --data-dir ${quoteShell([dataDir])}, then try again.`,
  });
}

/** What lets other users write below a data dir, in words; empty where the system knows no users. */
export function openPlaces(dataDir: string): readonly string[] {
  const stats = statSync(dataDir, { throwIfNoEntry: false });
  if (stats === undefined || process.geteuid === undefined) return [];
  const isOpen = (stats.mode & WRITABLE_BY_OTHERS) !== 0;
  const itself = isOpen ? [`the data dir ${dataDir} can be written by other users (mode ${octal(stats.mode)})`] : [];
  const trust = trustIn(dataDir);
  const below = OUR_FOLDERS.flatMap((name) => {
    try {
      // A file in its place is reported by whoever needs the folder.
      if (lstatSync(join(dataDir, name), { throwIfNoEntry: false })?.isFile() === true) return [];
      assertTrustedFolder(join(dataDir, name), trust);
      return [];
    } catch (error) {
      return error instanceof UnsuitableFileError ? [error.message] : [];
    }
  });
  return [...itself, ...below];
}

/** Files and links in a data dir that belong to another user and stand where ours do. */
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
 * Takes every right of others from the data dir and from what of ours lies directly in it, and renames what belongs to others. Links of
 * the owner are left alone.
 * @returns what was changed, in words.
 * @throws ClaudeMemError `io`; `data-dir` where the file system keeps no modes.
 */
export function closeToOthers(dataDir: string): readonly string[] {
  const restricted = [dataDir, ...ours(dataDir)].filter(restrict);
  const aside = strangersIn(dataDir).map(
    (path) => `Set aside ${path}, which belongs to another user: ${setAside(path)}`,
  );
  if (process.geteuid !== undefined && (statSync(dataDir).mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new ClaudeMemError('data-dir', `the file system of ${dataDir} does not keep file modes`, {
      hint: 'Use a data dir on another file system.',
    });
  }
  return [...restricted.map((path) => `Took the rights of other users from ${path}`), ...aside];
}

function ours(dataDir: string): readonly string[] {
  return entriesOf(dataDir, (name) => OUR_FOLDERS.includes(name) || OUR_FILES.test(name));
}

/** None of a folder that is missing, or is a link: what it leads to is not for us to judge. */
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
