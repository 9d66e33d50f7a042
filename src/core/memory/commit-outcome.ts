import { simpleCommands } from './simple-commands.ts';

/** Options of git that take their value as the next word. */
const GIT_OPTIONS_WITH_VALUE: ReadonlySet<string> = new Set(['-C', '-c', '--git-dir', '--work-tree', '--namespace']);
/** `[main 1a2b3c4] Subject`, as git reports a commit. */
const REPORTED = /^\[[^\]\n]{1,200} [0-9a-f]{7,40}\] (?<subject>\S.{0,500})$/;
const CHANGED = /^ \d{1,9} files? changed/;
/** Lines of the answer that are examined. */
const MOST_LINES = 2_000;

/**
 * The subjects of the commits that a shell line made. A commit counts only if the answer of git shows it, or if git was asked to be quiet.
 */
export function commitSubjects(commandLine: string, output: string): readonly string[] {
  const commits = simpleCommands(commandLine).flatMap(({ words }) => commitArguments(words) ?? []);
  if (commits.length === 0) return [];
  const lines = output.split('\n', MOST_LINES);
  const reported = lines.flatMap((line) => REPORTED.exec(line)?.groups?.subject ?? []);
  if (reported.length > 0) return reported;
  const isShown = lines.some((line) => CHANGED.test(line));
  return commits.flatMap((words) => (isShown || isQuiet(words) ? (subjectOf(words) ?? []) : []));
}

/** The words after `git commit`, in a list of their own; undefined for another command. */
function commitArguments(words: readonly string[]): readonly [readonly string[]] | undefined {
  if (words[0] !== 'git') return undefined;
  let at = 1;
  while (words[at]?.startsWith('-') === true) at += GIT_OPTIONS_WITH_VALUE.has(words[at] ?? '') ? 2 : 1;
  return words[at] === 'commit' ? [words.slice(at + 1)] : undefined;
}

function isQuiet(words: readonly string[]): boolean {
  return words.some((word) => word === '--quiet' || /^-[a-ln-z]*q/.test(word));
}

/** The first line of `-m`, `-am` or `--message`. */
function subjectOf(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    const message = /^-[a-z]*m$/.test(word) || word === '--message' ? next : /^--message=(.*)$/s.exec(word)?.[1];
    // A message from a substitution is not known.
    if (message !== undefined && message.trim() !== '' && !message.startsWith('$('))
      return message.trim().split('\n')[0];
  }
  return undefined;
}
