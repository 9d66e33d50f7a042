import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, normalize } from 'node:path';
import { programPath } from '../cli/programs.ts';

const NAMES = ['claude-mem', 'claude-mem-cli'];
/** npm and npx add such folders to PATH for one run only. */
const OF_ONE_RUN = join('node_modules', '.bin');

/** The name under which a shell finds this very program; undefined if none does, or if another program has the name. */
export function nameOnPath(searchPath: string | undefined): string | undefined {
  const own = realPathOf(programPath('cli'));
  return NAMES.find((name) => own !== undefined && firstOnPath(name, searchPath) === own);
}

function firstOnPath(name: string, searchPath = ''): string | undefined {
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders.filter((one) => !normalize(join(one, '.')).endsWith(OF_ONE_RUN))) {
    const file = realPathOf(join(folder, name));
    if (file !== undefined && isExecutable(file)) return file;
  }
  return undefined;
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
