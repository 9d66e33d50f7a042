import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXCLUDED_FILE, HOOK_SCRIPT, isNewerHookScript } from '../../core/hooks/hook-script.ts';
import { errnoOf } from '../../shared/errors.ts';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';
import { writeInOwnFolder } from '../files/own-folder.ts';

const MODE = 0o700;
/** Several times the size of a script. */
const MAX_BYTES = 64 * 1024;

/** Path of the script that Claude Code runs for hooks; undefined on Windows, which has no POSIX shell. */
export function hookScriptPath(dataDir: string, platform: NodeJS.Platform): string | undefined {
  return platform === 'win32' ? undefined : join(dataDir, 'bin', 'hook');
}

/**
 * Writes the hook script unless it is there. Replaces other text atomically, because hooks may run at the same time. A script of a newer
 * claude-mem stays.
 * @throws ClaudeMemError `io`.
 */
export function writeHookScript(dataDir: string, platform: NodeJS.Platform): void {
  const path = hookScriptPath(dataDir, platform);
  if (path === undefined) return;
  const text = readScript(dataDir, path);
  if (text !== undefined && (text === HOOK_SCRIPT || isNewerHookScript(text))) return;
  writeInOwnFolder(path, HOOK_SCRIPT, MODE);
}

/**
 * Writes the excluded projects for the hook script, in one line as the environment has them. No file: none.
 * @throws ClaudeMemError `io`.
 */
export function writeExcludedProjects(dataDir: string, entries: readonly string[]): void {
  const path = join(dataDir, 'bin', EXCLUDED_FILE);
  // A comma or a line end in the target of a link would end an entry.
  const line = entries.filter((entry) => !/[,\n\r]/.test(entry)).join(',');
  const before = readExcluded(dataDir, path);
  if (before === (line === '' ? undefined : `${line}\n`)) return;
  if (line === '') rmSync(path, { force: true });
  else writeInOwnFolder(path, `${line}\n`);
}

/** The excluded projects as they were last written. */
export function readExcludedProjects(dataDir: string): readonly string[] {
  const line = readExcluded(dataDir, join(dataDir, 'bin', EXCLUDED_FILE)) ?? '';
  return line
    .trim()
    .split(',')
    .filter((entry) => entry !== '');
}

function readExcluded(dataDir: string, path: string): string | undefined {
  try {
    return readTrustedText(path, MAX_BYTES, trustIn(dataDir));
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? undefined : '';
  }
}

/** Undefined if the file is missing or cannot be run as it is: the next write replaces it. */
function readScript(dataDir: string, path: string): string | undefined {
  try {
    const text = readTrustedText(path, MAX_BYTES, trustIn(dataDir));
    return (lstatSync(path).mode & MODE) === MODE ? text : undefined;
  } catch {
    // Missing, another user's, or a link.
    return undefined;
  }
}
