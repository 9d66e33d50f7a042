import { copyFileSync, constants, existsSync, lstatSync, mkdirSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readBoundedText, UnsuitableFileError } from './bounded-read.ts';
import { ioError } from './io-error.ts';
import { writeInOwnFolder } from './own-folder.ts';
import { isObject } from '../../core/is-object.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Mode of a new settings file: it may contain secrets. An existing file keeps its mode. */
const NEW_MODE = 0o600;

/** One change. An undefined value removes the field. */
export interface JsonEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The current content of another program's JSON file. */
export interface JsonFile {
  /** Path without links, so that the file is replaced and not the link to it. */
  readonly path: string;
  /** Undefined if the file does not exist. */
  readonly text: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
  /** Whether the given path is a link. */
  readonly isLinked: boolean;
}

/**
 * Reads another program's JSON file. A missing or empty file has no fields.
 * @param project folder that links must not lead out of: the author of the project may have created them.
 * @throws ClaudeMemError `settings` if it is not a JSON object or a link leads out of the project; `io` if it cannot be
 * read.
 */
export function readJsonFile(given: string, project?: string): JsonFile {
  const path = resolved(given);
  if (project !== undefined) assertInProject({ given, path, project });
  const text = readText(path);
  const isLinked = lstatSync(given, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (text === undefined || text.trim() === '') return { path, text, value: {}, isLinked };
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) {
      return { path, text, value, isLinked };
    }
  } catch (error) {
    throw notJson(path, error instanceof Error ? error.message : 'it cannot be parsed', error);
  }
  throw notJson(path, 'it is not a JSON object', undefined);
}

export interface EditOptions {
  readonly now: Date;
  /** Creates the data dir, which receives the backup of a file in a repository. */
  readonly dataDir: () => string;
}

/**
 * Edits the text of the file: everything else stays as written, except the layout of the lines beside a change. Keeps a
 * backup beside the file. In a Git repository the backup could be committed, so there the data dir receives it.
 * @returns the path of the backup; null if there was no file.
 * @throws ClaudeMemError `not-owner`; `io`, also if the file was changed meanwhile. The file is then unchanged.
 */
export async function editJsonFile(
  file: JsonFile,
  edits: readonly JsonEdit[],
  options: EditOptions,
): Promise<string | null> {
  const text = await textWith(file.text, edits);
  assertUnchanged(file);
  try {
    mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
    const backup = file.text === undefined ? null : backUp(file.path, file.text, options);
    writeText(file.path, text);
    return backup;
  } catch (error) {
    throw ioError('write', file.path, error);
  }
}

/**
 * Removes fields. Makes no backup, and deletes a file without any other field, unless a link leads to it.
 * @returns whether the file was deleted.
 * @throws ClaudeMemError as `editJsonFile`.
 */
export async function removeFromJsonFile(file: JsonFile, edits: readonly JsonEdit[]): Promise<boolean> {
  const text = await textWith(file.text, edits);
  assertUnchanged(file);
  try {
    const isEmptied = /^\s*\{\s*\}\s*$/.test(text) && !file.isLinked;
    if (isEmptied) unlinkSync(file.path);
    else writeText(file.path, text);
    return isEmptied;
  } catch (error) {
    throw ioError('write', file.path, error);
  }
}

function assertUnchanged({ path, text }: JsonFile): void {
  assertOwnFile(path);
  if (readText(path) === text) return;
  throw new ClaudeMemError('io', `${path} was changed meanwhile`, { hint: 'Run the command again.' });
}

function writeText(path: string, text: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? NEW_MODE;
  writeFileAtomic(path, text, mode & 0o777);
}

async function textWith(before: string | undefined, edits: readonly JsonEdit[]): Promise<string> {
  // Loaded on demand: most commands edit nothing.
  const { applyEdits, modify } = await import('jsonc-parser');
  let text = before === undefined || before.trim() === '' ? '{}\n' : before;
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const formattingOptions = {
    insertSpaces: !indent.includes('\t'),
    tabSize: indent.includes('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
  for (const { path, value } of edits) {
    text = applyEdits(text, modify(text, [...path], value, { formattingOptions }));
  }
  return text;
}

function backUp(path: string, text: string, { now, dataDir }: EditOptions): string {
  const suffix = `${now.toISOString().replace(/[:.]/g, '-')}.claude-mem-backup`;
  if (isInRepository(path)) {
    const backup = join(dataDir(), 'backups', `${basename(path)}.${suffix}`);
    writeInOwnFolder(backup, text);
    return backup;
  }
  const backup = `${path}.${suffix}`;
  copyFileSync(path, backup, constants.COPYFILE_EXCL);
  return backup;
}

function isInRepository(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return true;
    if (dirname(folder) === folder) return false;
  }
}

/** `sudo claude-mem integrate` would create a file that its owner cannot change. */
function assertOwnFile(path: string): void {
  const own = process.geteuid?.();
  const found = ownerOf(path);
  if (own === undefined || found === undefined || found === own) return;
  throw new ClaudeMemError('not-owner', `${path} belongs to user id ${found}, but you are user id ${own}`, {
    hint: 'Run the command as that user, or choose another file.',
  });
}

/** Owner of the file, else of the nearest existing folder above it. */
function ownerOf(path: string): number | undefined {
  for (let ancestor = path; ; ancestor = dirname(ancestor)) {
    const stats = statSync(ancestor, { throwIfNoEntry: false });
    if (stats !== undefined || dirname(ancestor) === ancestor) return stats?.uid;
  }
}

/** Resolves the existing part of the path. A link whose target does not exist is replaced by the file. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw ioError('read', path, error);
    return join(resolved(dirname(path)), basename(path));
  }
}

function assertInProject({ given, path, project }: { given: string; path: string; project: string }): void {
  if (!isBelow(given, project) || isBelow(path, resolved(project))) return;
  throw new ClaudeMemError('settings', `${given} leads out of this project, to ${path}`, {
    hint: 'Remove the link, or choose its target.',
  });
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function readText(path: string): string | undefined {
  try {
    return readBoundedText(path, MAX_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (error instanceof UnsuitableFileError) throw notJson(path, error.message, error);
    throw ioError('read', path, error);
  }
}

function notJson(path: string, reason: string, cause: unknown): ClaudeMemError {
  return new ClaudeMemError('settings', `${path} is not valid JSON: ${reason}`, {
    hint: 'Fix the file, or choose another one. Nothing was changed.',
    cause,
  });
}
