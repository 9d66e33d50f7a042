import { dirname, join } from 'node:path';
import { isObject } from '../core/is-object.ts';
import { readBoundedText } from '../state/files/bounded-read.ts';
import { programsOnPath } from './program-on-path.ts';

const MAX_PACKAGE_BYTES = 1024 * 1024;
const PACKAGE = '@anthropic-ai/claude-code';
/** Where the installer puts a version: `~/.local/share/claude/versions/2.1.34`, or Homebrew: `Caskroom/claude-code/2.1.34/claude`. */
const IN_PATH = /[/\\](?:versions|claude-code)[/\\](?<version>\d{1,4}\.\d{1,4}\.\d{1,4})(?:[/\\]claude(?:\.exe)?)?$/;

/** The first version that surely knows the event of a failed tool. An older one would ignore all settings of a file that names it. */
const REPORTS_FAILURES = [2, 1] as const;

/** Whether every Claude Code that a shell finds knows the event of a failed tool; undefined if that is unknown. */
export function reportsFailures(searchPath: string | undefined): boolean | undefined {
  const versions = claudeCodeVersions(searchPath);
  if (versions.some((version) => version !== undefined && !isRecent(version))) return false;
  return versions.length === 0 || versions.includes(undefined) ? undefined : true;
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > REPORTS_FAILURES[0] || (major === REPORTS_FAILURES[0] && minor >= REPORTS_FAILURES[1]);
}

/** The versions of every Claude Code that a shell finds; undefined for one whose version its files do not show. Runs none of them. */
function claudeCodeVersions(searchPath: string | undefined): readonly (string | undefined)[] {
  return [...new Set(programsOnPath('claude', searchPath))].map(
    (file) =>
      IN_PATH.exec(file)?.groups?.version ?? packageVersion(dirname(file)) ?? packageVersion(dirname(dirname(file))),
  );
}

function packageVersion(folder: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readBoundedText(join(folder, 'package.json'), MAX_PACKAGE_BYTES));
    return isObject(content) && content.name === PACKAGE && typeof content.version === 'string'
      ? content.version
      : undefined;
  } catch {
    // Not there, or damaged: the version is unknown.
    return undefined;
  }
}
