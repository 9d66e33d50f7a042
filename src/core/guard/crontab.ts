import type { GuardEntry } from './entry.ts';
import { cronTimes } from './interval.ts';

/** Vixie cron refuses a longer command. Characters. */
export const LONGEST_CRON_COMMAND = 990;

/** On the first line of a block: the line above had no line end before. Vixie cron refuses a crontab without a final line end. */
const LINE_END_ADDED = '; added a line end above';

/**
 * The command of a crontab line. It does nothing if the script is gone, for example with its data dir: cron would send a mail at each run.
 * `sh` is called by its path, because a crontab may set SHELL to any shell.
 */
export function cronCommand(script: string): string {
  return `/bin/sh -c 'f=${cronWord(script)}; test ! -f "$f" || exec /bin/sh "$f"'`;
}

/**
 * Writes unusual bytes in octal: crons differ in how they treat `%` and backslashes, and a crontab has no encoding. A backslash before a
 * digit has the same meaning in all of them.
 */
function cronWord(path: string): string {
  if (/^[\w./@+=:,-]+$/.test(path)) return path;
  const bytes = Array.from(new TextEncoder().encode(path), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w./-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"$(printf "${bytes.join('')}")"`;
}

/**
 * The crontab with exactly one block for this guard, at its end. All other bytes stay.
 * @param crontab one character per byte.
 */
export function addCronBlock(crontab: string, entry: GuardEntry): string {
  const before = removeCronBlock(crontab, entry.name);
  const isUnfinished = before !== '' && !before.endsWith('\n');
  return `${before}${isUnfinished ? '\n' : ''}${cronBlock(entry, { isUnfinished })}`;
}

/** The lines that `guard install` adds. */
export function cronBlock(
  { name, script, everySeconds }: GuardEntry,
  { isUnfinished }: { readonly isUnfinished: boolean } = { isUnfinished: false },
): string {
  const begin = `${beginOf(name)}claude-mem guard remove deletes this block${isUnfinished ? LINE_END_ADDED : ''})`;
  return `${begin}\n${cronTimes(everySeconds) ?? ''} ${cronCommand(script)}\n${endOf(name)}\n`;
}

/**
 * The crontab without the lines of this guard. A block that a person edited loses only the lines that `guard install` wrote: the two
 * markers, and the command right after the first one.
 */
export function removeCronBlock(crontab: string, name: string): string {
  const lines = crontab.split('\n');
  const isBegin = (line: string | undefined) => line?.startsWith(beginOf(name)) === true;
  const isOurs = (line: string, at: number) =>
    isBegin(line) || (isOurCommand(line) && isBegin(lines[at - 1])) || withoutReturn(line) === endOf(name);
  const rest = lines.filter((line, at) => !isOurs(line, at)).join('\n');
  const addedLineEnd = lines.some((line) => isBegin(line) && line.includes(LINE_END_ADDED));
  // A line that a person added below the block needs the line end.
  const isAtEnd = crontab.trimEnd().endsWith(endOf(name));
  return addedLineEnd && isAtEnd && rest.endsWith('\n') ? rest.slice(0, -1) : rest;
}

export function hasCronBlock(crontab: string, entry: Pick<GuardEntry, 'name'>): boolean {
  const lines = crontab.split('\n');
  return lines.some((line, at) => line.startsWith(beginOf(entry.name)) && isOurCommand(lines[at + 1] ?? ''));
}

/** The bracket at the end: no name is the beginning of another one's marker. */
function beginOf(name: string): string {
  return `# BEGIN ${name} (`;
}

function endOf(name: string): string {
  return `# END ${name}`;
}

function isOurCommand(line: string): boolean {
  return line.includes(" /bin/sh -c 'f=") && line.includes('guard/run.sh');
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
