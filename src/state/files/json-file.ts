import { copyFileSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readBoundedText, UnsuitableFileError } from './bounded-read.ts';
import { ioError } from './io-error.ts';
import { isObject } from '../../core/is-object.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Somebody else's settings, which may hold secrets: as private as they are now, or private where they are new. */
const NEW_MODE = 0o600;

/** One change; a value that is undefined takes the field out. */
export interface JsonEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** A JSON file of another program, as it is now. */
export interface JsonFile {
  /** With links resolved: what is replaced is the file and not the link to it. */
  readonly path: string;
  /** Undefined where there is none. */
  readonly text: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Reads a JSON file of another program; one that is missing or empty holds no fields.
 * @param project folder whose links are not trusted to lead out of it: whoever made the project may have made them.
 * @throws ClaudeMemError `settings` for one that is no JSON object or lies elsewhere, `io` for one that cannot be read.
 */
export function readJsonFile(given: string, project?: string): JsonFile {
  const path = resolved(given);
  if (project !== undefined) assertInProject({ given, path, project });
  const text = readText(path);
  if (text === undefined || text.trim() === '') return { path, text, value: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) {
      return { path, text, value: value };
    }
  } catch (error) {
    throw notJson(path, error instanceof Error ? error.message : 'it cannot be parsed', error);
  }
  throw notJson(path, 'it holds no JSON object', undefined);
}

/**
 * Writes changes into its text, so that all else stays as it is written, but for the layout of the lines beside a change; what it was
 * stays beside it.
 * @returns the path of that backup; null where there was no file.
 * @throws ClaudeMemError `not-owner`; `io`, also when the file was changed meanwhile. It is untouched then.
 */
export async function editJsonFile(file: JsonFile, edits: readonly JsonEdit[], now: Date): Promise<string | null> {
  const text = await textWith(file.text, edits);
  assertOwnFile(file.path);
  if (readText(file.path) !== file.text) {
    throw new ClaudeMemError('io', `${file.path} was changed meanwhile`, { hint: 'Run the command again.' });
  }
  try {
    mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
    const backup = file.text === undefined ? null : backUp(file.path, now);
    const mode = statSync(file.path, { throwIfNoEntry: false })?.mode ?? NEW_MODE;
    writeFileAtomic(file.path, text, mode & 0o777);
    return backup;
  } catch (error) {
    throw ioError('write', file.path, error);
  }
}

async function textWith(before: string | undefined, edits: readonly JsonEdit[]): Promise<string> {
  // Most commands edit nothing.
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

function backUp(path: string, now: Date): string {
  const backup = `${path}.${now.toISOString().replace(/[:.]/g, '-')}.claude-mem-backup`;
  copyFileSync(path, backup, constants.COPYFILE_EXCL);
  return backup;
}

/** `sudo claude-mem integrate` would leave a file there that its owner cannot change. */
function assertOwnFile(path: string): void {
  const own = process.geteuid?.();
  const found = ownerOf(path);
  if (own === undefined || found === undefined || found === own) return;
  throw new ClaudeMemError('not-owner', `${path} belongs to user id ${found}, you are ${own}`, {
    hint: 'Run the command as that user, or name another file.',
  });
}

/** Of the file, else of the folder it would be made in. */
function ownerOf(path: string): number | undefined {
  for (let place = path; ; place = dirname(place)) {
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats !== undefined || dirname(place) === place) return stats?.uid;
  }
}

/** As far as it exists. A link that leads nowhere is replaced by the file. */
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
    hint: 'Remove the link, or name the file that it leads to.',
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
    hint: 'Mend it, or name another file; nothing was changed.',
    cause,
  });
}
