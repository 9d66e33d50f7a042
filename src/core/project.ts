import { withoutTrailingSeparators } from './process/path.ts';

/** A path with more parts than this is not walked up any further. */
const MOST_PARENTS = 64;

export interface Places {
  /** The user's own folder: a repository of dotfiles there is nobody's project. */
  readonly home: string | undefined;
  readonly exists: (path: string) => boolean;
}

/**
 * The project that work in a folder belongs to: the name of the nearest folder upwards that holds `.git`, so that a subfolder or a
 * worktree's depth makes no other project of it; without one, the name of the folder itself.
 * @returns `unnamed` for the root of a file system.
 */
export function projectOf(cwd: string, { home, exists }: Places): string {
  let folder = withoutTrailingSeparators(cwd);
  for (let step = 0; step < MOST_PARENTS && nameOf(folder) !== '' && folder !== home; step += 1) {
    if (exists(`${folder}/.git`)) return nameOf(folder);
    folder = withoutTrailingSeparators(folder.slice(0, -nameOf(folder).length));
  }
  const own = nameOf(withoutTrailingSeparators(cwd));
  return own === '' ? 'unnamed' : own;
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
