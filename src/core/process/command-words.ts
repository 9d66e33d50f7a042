import { baseName, isLoader, programName } from './program-name.ts';
import type { ProcessRow } from './snapshot.ts';

/**
 * The arguments of a process, the program first, without an emulator or `cmd.exe /c` in front. Where a reader has the command line in
 * one string, words that only a blank in a path parted are joined again.
 */
export function commandWords(row: Pick<ProcessRow, 'name' | 'argv' | 'command' | 'executable'>): readonly string[] {
  const words = row.argv !== undefined && row.argv.length > 0 ? row.argv : wordsOfText(row);
  return withoutCmd(withoutLoader(words), row.command);
}

/** Whether the words are those the process was started with, and not guessed from one string. */
export function hasExactWords({ argv }: Pick<ProcessRow, 'argv'>): boolean {
  return argv !== undefined && argv.length > 0;
}

/** `rosetta /usr/bin/uv uv tool …`: the program and, where the kernel keeps it, its own first argument. */
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

/** `cmd.exe /d /s /c "uvx …"`, as Node.js starts a program through a shell on Windows. A POSIX shell's `-c` is left as it is. */
function withoutCmd(words: readonly string[], command: string): readonly string[] {
  if (programName(words[0] ?? '').toLowerCase() !== 'cmd') return words;
  const option = words.findIndex((word, index) => index > 0 && !/^\/[dsq]$/i.test(word));
  if (!/^\/c$/i.test(words[option] ?? '')) return words;
  // cmd has its own rules for quotes, so the text counts where the reader has it.
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

/** How much of the text is the program: its path may hold blanks, which ps does not quote. */
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

/** What stands before the program's name holds neither an option nor another path: those would be arguments. */
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

/** A word that begins a path takes in what follows it up to the last word with a slash, unless that is an option or a path itself. */
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

/** The path ends with a file that a program runs. */
const FILE = /\.(?:exe|[cm]?[jt]s|py[cwz]?|sh)$|^chroma-mcp$/i;

function isPathStart(word: string): boolean {
  return /^["']?(?:[/~]|[a-z]:[\\/])/i.test(word);
}
