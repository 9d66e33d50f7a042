import { basename, sep } from 'node:path';
import { COMMAND_NAMES } from './command-names.ts';

/** The words that call this program again. The command `claude-mem` may belong to the published plugin, which npm does not replace. */
type ProgramName = 'claude-mem' | 'claude-mem-cli' | 'npx claude-mem-cli';

/**
 * Renames this program in the commands that a text recommends: those after a colon, a backtick or "Run". Other mentions stay, because a
 * process may have such a command line.
 * @param calledAs the path of the program as it was called, with links unresolved.
 */
export function withProgramName(text: string, calledAs = process.argv[1]): string {
  const name = programName(calledAs);
  return name === 'claude-mem' ? text : text.replace(RECOMMENDED, `$<before>${name}`);
}

/** The same for a help text, which begins examples on a line of their own. */
export function helpWithProgramName(text: string, calledAs = process.argv[1]): string {
  const name = programName(calledAs);
  return name === 'claude-mem' ? text : withProgramName(text, calledAs).replace(EXAMPLE, `$<before>${name}`);
}

function programName(calledAs: string | undefined): ProgramName {
  const path = calledAs ?? '';
  // Also npx's own cache. There, no command is on the PATH.
  if (path.includes(IN_PROJECT)) return 'npx claude-mem-cli';
  return basename(path) === 'claude-mem-cli' ? 'claude-mem-cli' : 'claude-mem';
}

const IN_PROJECT = `${sep}node_modules${sep}.bin${sep}`;

const COMMAND = `claude-mem(?= (?:${COMMAND_NAMES.join('|')}|--|<command>|\\[))`;
/** Colors begin with an escape sequence. */
const RECOMMENDED = new RegExp(`(?<before>(?:: +|\\u0060|\\b[Rr]un )(?:\\u001B\\[\\d+m)?)${COMMAND}`, 'g');
const EXAMPLE = new RegExp(`(?<before>^ +|\\()${COMMAND}`, 'gm');
