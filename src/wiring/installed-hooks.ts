import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HOOK_SCRIPT, isNewerHookScript } from '../core/hooks/hook-script.ts';
import { isObject } from '../core/is-object.ts';
import { shellWords } from '../core/text/shell-words.ts';
import { installedHooks } from '../operations/hooks/integration.ts';
import type { InstalledHook, InstalledHooks } from '../operations/ports/doctor.ts';
import { messageOf } from '../shared/errors.ts';
import { readBoundedText } from '../state/files/bounded-read.ts';
import { readJsonFile } from '../state/files/json-file.ts';
import { programsOnPath } from './program-on-path.ts';

/** Several times the size of a script. */
const MAX_SCRIPT_BYTES = 64 * 1024;
const MAX_PACKAGE_BYTES = 1024 * 1024;
const PACKAGE = 'claude-mem-cli';
const OUR_NAME = /^claude-mem(?:-cli)?$/;

/** Where Claude Code looks, and whose PATH it has. */
export interface HookPlaces {
  readonly home: string;
  readonly cwd: string;
  readonly searchPath: string | undefined;
}

/** Reads which hooks of Claude Code run claude-mem, and whether their programs exist. Runs none of them. */
export function readInstalledHooks({ home, cwd, searchPath = '' }: HookPlaces): InstalledHooks {
  const files = [
    join(home, '.claude', 'settings.json'),
    join(cwd, '.claude', 'settings.json'),
    join(cwd, '.claude', 'settings.local.json'),
  ].map((file) => resolve(file));
  try {
    return { problem: undefined, hooks: [...new Set(files)].flatMap((file) => hooksIn(file, searchPath)) };
  } catch (error) {
    return { problem: messageOf(error), hooks: [] };
  }
}

function hooksIn(settings: string, searchPath: string): readonly InstalledHook[] {
  return installedHooks(readJsonFile(settings).value).map(({ event, command }) => ({
    ...{ event, command, settings },
    ...judge(command, searchPath),
  }));
}

/** Examines the program and, for an interpreter, the file that it runs. */
function judge(command: string, searchPath: string): Pick<InstalledHook, 'missing' | 'otherProgram' | 'isOld'> {
  const words = shellWords(command).map(({ text }) => text);
  const [program = ''] = words;
  const files = words
    .slice(0, Math.max(1, words.indexOf('hook')))
    .filter((word, index) => index === 0 || isAbsolute(word));
  const missing = files.find((file) => !isThere(file, searchPath));
  if (missing !== undefined) return { missing, otherProgram: undefined, isOld: false };
  const isScript = program.endsWith('/bin/hook') && isAbsolute(program);
  return { missing, otherProgram: otherProgram(program, searchPath), isOld: isScript && isOldScript(program) };
}

function isThere(program: string, searchPath: string): boolean {
  // Only a shell knows.
  if (/[$~`*?]/.test(program)) return true;
  return isAbsolute(program) ? existsSync(program) : programsOnPath(program, searchPath).length > 0;
}

/** The published plugin has a command of the same name. */
function otherProgram(name: string, searchPath: string): string | undefined {
  if (!OUR_NAME.test(name)) return undefined;
  const [file = ''] = programsOnPath(name, searchPath);
  return basename(file) === 'cli.js' && isOurPackage(dirname(dirname(file))) ? undefined : file;
}

function isOurPackage(folder: string): boolean {
  try {
    const content: unknown = JSON.parse(readBoundedText(join(folder, 'package.json'), MAX_PACKAGE_BYTES));
    return isObject(content) && content.name === PACKAGE;
  } catch {
    // Another program has none.
    return false;
  }
}

function isOldScript(path: string): boolean {
  const text = readBoundedText(path, MAX_SCRIPT_BYTES);
  return text !== HOOK_SCRIPT && !isNewerHookScript(text);
}
