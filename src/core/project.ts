import { withoutTrailingSeparators } from './process/path.ts';

/** Limit for the walk up a path, in folders. */
const MOST_PARENTS = 64;

export interface ProjectLookup {
  /** The user's home. A `.git` there belongs to dotfiles and makes no project. */
  readonly home: string | undefined;
  readonly exists: (path: string) => boolean;
}

/**
 * The project of a folder: the name of the nearest folder upwards that contains `.git`, so that subfolders belong to the same project;
 * without `.git`, the name of the folder itself.
 * @returns `unnamed` for the root of a file system.
 */
export function projectOf(cwd: string, { home, exists }: ProjectLookup): string {
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
