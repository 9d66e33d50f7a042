import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { HOOK_SCRIPT, isNewerHookScript } from '../core/hooks/hook-script.ts';
import { shellWords } from '../core/text/shell-words.ts';
import { installedHooks } from '../operations/hooks/integration.ts';
import type { InstalledHook, InstalledHooks } from '../operations/ports/doctor.ts';
import { messageOf } from '../shared/errors.ts';
import { readBoundedText } from '../state/files/bounded-read.ts';
import { readJsonFile } from '../state/files/json-file.ts';

/** Several times the size of a script. */
const MAX_SCRIPT_BYTES = 64 * 1024;

/** Reads which hooks of Claude Code's user settings run claude-mem, and whether their programs exist. Runs none of them. */
export function readInstalledHooks(home: string, searchPath = ''): InstalledHooks {
  const settings = join(home, '.claude', 'settings.json');
  try {
    const { value } = readJsonFile(settings);
    const hooks = installedHooks(value).map(({ event, command }) => judge(event, command, searchPath));
    return { settings, problem: undefined, hooks };
  } catch (error) {
    return { settings, problem: messageOf(error), hooks: [] };
  }
}

/** Examines the program and, for an interpreter, the file that it runs. */
function judge(event: string, command: string, searchPath: string): InstalledHook {
  const words = shellWords(command).map(({ text }) => text);
  const files = words
    .slice(0, Math.max(1, words.indexOf('hook')))
    .filter((word, index) => index === 0 || isAbsolute(word));
  const missing = files.find((file) => !exists(file, searchPath));
  const script = words[0] !== undefined && words[0].endsWith('/bin/hook') ? words[0] : undefined;
  return { event, missing, isOld: missing === undefined && script !== undefined && isOldScript(script) };
}

function exists(program: string, searchPath: string): boolean {
  // Only a shell knows.
  if (/[$~`*?]/.test(program)) return true;
  if (isAbsolute(program)) return isThere(program);
  return searchPath.split(delimiter).some((folder) => isAbsolute(folder) && isThere(join(folder, program)));
}

function isThere(path: string): boolean {
  return existsSync(path);
}

function isOldScript(path: string): boolean {
  const text = readBoundedText(path, MAX_SCRIPT_BYTES);
  return text !== HOOK_SCRIPT && !isNewerHookScript(text);
}
