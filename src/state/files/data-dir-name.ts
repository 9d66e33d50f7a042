import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { likelyTypos, nearestWord } from '../../shared/nearest-word.ts';
import { printable } from '../../core/text/wording.ts';
import { ClaudeMemError } from '../../shared/errors.ts';

export const DATA_DIR_VARIABLE = 'CLAUDE_MEM_DATA_DIR';

type Environment = Readonly<Record<string, string | undefined>>;

/** A data dir as the user wrote it. */
export interface WrittenDataDir {
  readonly text: string;
  /** `--data-dir` or the variable. */
  readonly source: string;
  readonly env: Environment;
  readonly home: string;
}

/** `$HOME`, `${HOME}`, `$env:USERPROFILE`, `%USERPROFILE%`. */
const PLACEHOLDER = /\$\{(?<braced>[A-Za-z_]\w*)\}|\$(?:env:)?(?<plain>[A-Za-z_]\w*)|%(?<percent>[A-Za-z_][\w()]*)%/gi;

const HOME_NAMES = new Set(['HOME', 'USERPROFILE', 'HOMEPATH']);

/**
 * Refuses a path that only a shell would expand, unless a folder with exactly that name exists.
 * @throws ClaudeMemError `data-dir`; the hint names the path the user probably meant.
 */
export function assertPlainPath(written: WrittenDataDir): void {
  const { text, source } = written;
  const problem = unusualPart(written);
  if (problem === undefined || (isAbsolute(text) && existsSync(text))) return;
  const meant = meantPath(written);
  throw new ClaudeMemError('data-dir', `${source} is "${printable(text)}": ${problem}`, {
    hint:
      meant === undefined ? 'Use the absolute path of the folder.' : `Did you mean ${meant}? Use the absolute path.`,
  });
}

function unusualPart({ text, source }: WrittenDataDir): string | undefined {
  if (isQuoted(text)) return 'the quotes are part of the value';
  if (text.startsWith('file:')) return 'a data dir is a path, not a URL';
  if (/^~[^/\\]/.test(text)) return 'claude-mem expands only ~ itself, not the home directory of a named user';
  const placeholder = text.match(PLACEHOLDER)?.[0];
  if (placeholder !== undefined) return `${placeholder} was not expanded`;
  // Each hook and each MCP client runs in a different working directory.
  if (source === DATA_DIR_VARIABLE && !isAbsolute(text))
    return 'a relative path means a different folder in each working directory';
  return undefined;
}

/** Removes quotes and expands variables; undefined if a variable has no value. */
function meantPath({ text, env, home }: WrittenDataDir): string | undefined {
  if (text.startsWith('file:')) return text.replace(/^file:\/*/, '/');
  const plain = isQuoted(text) ? text.slice(1, -1) : text;
  if (plain.startsWith('~') && plain !== '~' && !/^~[/\\]/.test(plain)) return undefined;
  const valueOf = (name: string) => env[name] ?? (HOME_NAMES.has(name.toUpperCase()) ? home : '');
  const names = Array.from(plain.matchAll(PLACEHOLDER), placeholderName);
  if (names.some((name) => valueOf(name) === '')) return undefined;
  const expanded = plain
    .replace(/^~(?=$|[/\\])/, home)
    .replace(PLACEHOLDER, (placeholder) => valueOf(placeholder.replace(/^\$env:|[^\w()]/gi, '')));
  return resolve(process.platform === 'win32' ? expanded : expanded.replaceAll('\\', '/'));
}

function placeholderName({ groups }: RegExpExecArray): string {
  return groups?.braced ?? groups?.plain ?? groups?.percent ?? '';
}

function isQuoted(text: string): boolean {
  return text.length > 1 && /^["']/.test(text) && text.endsWith(text.charAt(0));
}

/**
 * Refuses a variable whose name is a near miss of the data dir variable: its value would be ignored silently.
 * @throws ClaudeMemError `data-dir`.
 */
export function assertNoMisspeltVariable(env: Environment): void {
  const misspelt = Object.keys(env).find((name) => isNearlyVariable(name) && env[name] !== '');
  if (misspelt === undefined) return;
  throw new ClaudeMemError('data-dir', `claude-mem does not read the variable ${misspelt}`, {
    hint: `Did you mean ${DATA_DIR_VARIABLE}? Rename or unset ${misspelt}.`,
  });
}

function isNearlyVariable(name: string): boolean {
  const upper = name.toUpperCase();
  if (!upper.startsWith('CLAUDE')) return false;
  if (upper === `${DATA_DIR_VARIABLE}ECTORY`) return true;
  return nearestWord(upper, [DATA_DIR_VARIABLE], 2) !== undefined;
}

/** The error for a named data dir that does not exist; the hint names a similar existing folder. */
export function missingDataDir(path: string, source: string, usual: string): ClaudeMemError {
  const near = nearestFolder(path) ?? (existsSync(usual) ? usual : undefined);
  const suggestion = near === undefined ? '' : `Did you mean ${near}? `;
  return new ClaudeMemError('data-dir', `the data dir ${printable(path)} does not exist (from ${source})`, {
    hint: `${suggestion}\`claude-mem start\` creates a new data dir.`,
  });
}

/** Entries beyond this number are not compared; most folders have fewer. */
const MOST_NAMES = 5_000;

/** An existing folder whose path differs in a few letters. */
function nearestFolder(path: string): string | undefined {
  let ancestor = path;
  const missing: string[] = [];
  while (!isFolder(ancestor)) {
    if (dirname(ancestor) === ancestor) return undefined;
    missing.unshift(basename(ancestor));
    ancestor = dirname(ancestor);
  }
  return completed(ancestor, missing);
}

function completed(folder: string, [name, ...rest]: readonly string[]): string | undefined {
  if (name === undefined) return folder;
  const exact = join(folder, name);
  if (isFolder(exact)) return completed(exact, rest);
  const near = nearestWord(name, foldersIn(folder), likelyTypos(name));
  return near === undefined ? undefined : completed(join(folder, near), rest);
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .slice(0, MOST_NAMES)
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => isFolder(join(folder, name)))
      .sort();
  } catch {
    // A folder that cannot be listed yields no suggestion.
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
