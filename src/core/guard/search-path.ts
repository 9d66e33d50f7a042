/** A folder to look in, relative to no version: `*` stands for each version that is installed when the script runs. */
export type FolderPattern = readonly string[];

/** Folders that exist for one shell or one run of npx only. */
const SHORT_LIVED = /[/\\](?:fnm_multishells|_npx)(?:[/\\]|$)/;

/**
 * The folders of a PATH for the guard's script. A folder with a version in its name becomes a pattern that fits every version, so that the
 * script finds what an upgrade installs: `/opt/node-v22.1.0/bin` becomes `/opt/node-v`, any text, and `/bin`.
 */
export function searchPatterns(folders: readonly string[]): readonly FolderPattern[] {
  const patterns = folders
    .filter((folder) => !SHORT_LIVED.test(folder) && !/[/\\]node_modules[/\\]\.bin$/.test(folder))
    .map(patternOf);
  return [...new Map(patterns.map((pattern) => [pattern.join('*'), pattern])).values()];
}

/** Whether an upgrade of Node.js or of the package may remove the path. */
export function isVersioned(path: string): boolean {
  return patternOf(path).length > 1;
}

export function isShortLived(path: string): boolean {
  return SHORT_LIVED.test(path);
}

/** The fixed parts of the path. Between two of them is a version and the rest of its name. */
function patternOf(path: string): FolderPattern {
  const parts: string[] = [];
  let fixed = '';
  for (const piece of path.split(/(?<=[/\\])/)) {
    const begin = VERSION.exec(piece)?.groups?.begin;
    if (begin === undefined) fixed += piece;
    else {
      parts.push(fixed + begin);
      fixed = /[/\\]$/.exec(piece)?.[0] ?? '';
    }
  }
  return [...parts, fixed];
}

/** `v22.1.0`, `22.1`, `node-v22.1.0-linux-x64`, `node@22`. A name such as `u-3` may belong to a user. */
const VERSION = /^(?<begin>v?|[a-z]+(?:@|-v?))(?:\d+\.\d+|(?<=@)\d+[/\\]?$)/;
