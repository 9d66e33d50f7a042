import { baseName, isLoader, programName } from './program-name.ts';
import type { ProcessRow } from './snapshot.ts';

/**
 * The arguments of a process, program first, without an emulator or `cmd.exe /c` in front. If the reader has the command line as one
 * string only, words that were split at a space in a path are joined again.
 */
export function commandWords(row: Pick<ProcessRow, 'name' | 'argv' | 'command' | 'executable'>): readonly string[] {
  const words = row.argv !== undefined && row.argv.length > 0 ? row.argv : wordsOfText(row);
  return withoutCmd(withoutLoader(words), row.command);
}

/** Whether the words are the real arguments, not guessed from one string. */
export function hasExactWords({ argv }: Pick<ProcessRow, 'argv'>): boolean {
  return argv !== undefined && argv.length > 0;
}

/** `rosetta /usr/bin/uv uv tool …`: removes the emulator, and the path if the program's own first argument follows it. */
function withoutLoader(words: readonly string[]): readonly string[] {
  if (words.length < 2 || !isLoader(words[0] ?? '')) return words;
  const program = words.findIndex((word, index) => index > 0 && !word.startsWith('-'));
  if (program < 0) return words;
  const [path = '', first = ''] = words.slice(program);
  return words.slice(isSameProgram(path, first) ? program + 1 : program);
}

function isSameProgram(path: string, first: string): boolean {
  const [left, right] = [path, first].map((word) => beforeVersion(programName(word).toLowerCase()));
  return left === right;
}

/** `python3.13` → `python`. */
function beforeVersion(name: string): string {
  const digit = name.search(/\d/);
  return digit < 0 ? name : name.slice(0, digit);
}

/** `cmd.exe /d /s /c "uvx …"`: how Node.js starts a program through a shell on Windows. A POSIX shell's `-c` is kept. */
function withoutCmd(words: readonly string[], command: string): readonly string[] {
  if (programName(words[0] ?? '').toLowerCase() !== 'cmd') return words;
  const option = words.findIndex((word, index) => index > 0 && !/^\/[dsq]$/i.test(word));
  if (!/^\/c$/i.test(words[option] ?? '')) return words;
  // cmd has its own quoting rules, so the original text is used if the reader has it.
  const at = command.search(/ \/c /i);
  return splitQuoted(
    withoutQuotes(at < 0 ? words.slice(option + 1).join(' ') : command.slice(at + ' /c '.length).trim()),
  );
}

function withoutQuotes(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function splitQuoted(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, quoted]) => quoted ?? word);
}

function wordsOfText({ name, command, executable }: Pick<ProcessRow, 'name' | 'command' | 'executable'>) {
  const length = programLength(command, executable, name);
  const rest = command.slice(length).split(/\s+/);
  const words = joinPaths(rest.filter((word) => word !== ''));
  return length === 0 ? words : [command.slice(0, length), ...words];
}

/** Length of the program's path at the start of the text. The path may contain spaces, which ps does not quote. */
function programLength(command: string, executable: string | undefined, name: string): number {
  if (
    executable !== undefined &&
    executable !== '' &&
    isWordsEnd(command, executable.length) &&
    command.startsWith(executable)
  )
    return executable.length;
  if (name === '' || !/^(?:[/~]|[a-z]:[\\/])/i.test(command)) return 0;
  return Math.max(endOfName(command, `/${name}`), endOfName(command, `\\${name}`));
}

/** The text before the program's name contains neither an option nor another path: those would be arguments. */
function endOfName(command: string, name: string): number {
  const argument = command.search(/ (?:[-/~]|[a-z]:[\\/])/i);
  const limit = argument < 0 ? command.length : argument;
  for (let at = command.indexOf(name); at >= 0 && at < limit; at = command.indexOf(name, at + 1)) {
    if (isWordsEnd(command, at + name.length)) return at + name.length;
  }
  return 0;
}

function isWordsEnd(text: string, at: number): boolean {
  return at === text.length || text[at] === ' ';
}

/** Joins a word that begins a path with the following words up to the last one with a slash, but not with options or other paths. */
function joinPaths(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const end = endOfPath(words, index);
    joined.push(words.slice(index, end + 1).join(' '));
    index = end;
  }
  return joined;
}

function endOfPath(words: readonly string[], start: number): number {
  let end = start;
  if (!isPathStart(words[start] ?? '')) return end;
  for (let index = start; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (index > start && (word.startsWith('-') || isPathStart(word))) break;
    if (index > start && /[\\/]/.test(word)) end = index;
    if (FILE.test(baseName(word))) break;
  }
  return end;
}

/** Files that programs run: such a file ends the path. */
const FILE = /\.(?:exe|[cm]?[jt]s|py[cwz]?|sh)$|^chroma-mcp$/i;

function isPathStart(word: string): boolean {
  return /^["']?(?:[/~]|[a-z]:[\\/])/i.test(word);
}
