import { withoutTrailingSeparators } from './process/path.ts';

/**
 * Whether nothing of a session may be stored. The hook script applies the same rules.
 * @param entries folders (absolute, or below `~/`), which exclude everything below them, and names of projects.
 * @param home the user's home.
 */
export function isExcluded(
  { cwd, project }: { readonly cwd: string; readonly project: string },
  entries: readonly string[],
  home: string,
): boolean {
  return entries.some((entry) => {
    const folder = folderOf(entry, home);
    if (folder === undefined) return entry === project;
    const place = withoutTrailingSeparators(cwd);
    return place === folder || place.startsWith(`${folder}/`);
  });
}

/** The folder that an entry names; undefined for the name of a project. */
export function folderOf(entry: string, home: string): string | undefined {
  if (entry === '~') return withoutTrailingSeparators(home);
  if (entry.startsWith('~/')) return withoutTrailingSeparators(`${home}/${entry.slice(2)}`);
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(entry) ? withoutTrailingSeparators(entry) : undefined;
}

/** Whether a tool is skipped; `mcp__github__*` names all tools that begin so. */
export function isSkippedTool(tool: string | undefined, skipped: readonly string[]): boolean {
  if (tool === undefined) return false;
  return skipped.some((name) => (name.endsWith('*') ? tool.startsWith(name.slice(0, -1)) : tool === name));
}
