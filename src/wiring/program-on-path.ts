import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, normalize } from 'node:path';
import { programPath } from '../cli/programs.ts';

/** The published plugin has a command of the first name, too. */
const NAMES = ['claude-mem', 'claude-mem-cli'];
/** npm and npx add such folders to PATH for one run only. */
const OF_ONE_RUN = join('node_modules', '.bin');

/** The name under which a shell finds this very program; undefined if none does, or if other programs have the names. */
export function nameOnPath(searchPath: string | undefined): string | undefined {
  const own = realPathOf(programPath('cli'));
  return NAMES.find((name) => own !== undefined && programsOnPath(name, searchPath)[0] === own);
}

/** The files that a shell can run under a name, in the order of PATH, with links resolved. */
export function programsOnPath(name: string, searchPath = ''): readonly string[] {
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders
    .filter((folder) => !normalize(join(folder, '.')).endsWith(OF_ONE_RUN))
    .map((folder) => realPathOf(join(folder, name)))
    .filter((file) => file !== undefined && isExecutable(file)) as string[];
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Not there, or in a folder that this user cannot enter.
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // A shell looks further, too.
    return false;
  }
}
