import { existsSync, realpathSync } from 'node:fs';
import { normalize } from 'node:path';
import { folderOf, isExcluded } from '../core/excluded-project.ts';
import { projectOf } from '../core/project.ts';

export interface Place {
  readonly cwd: string;
  readonly project: string;
}

/** Tells places of which nothing may be stored. Also compares the folders behind links, and their projects. */
export function createExclusion(entries: readonly string[], home: string): (place: Place) => boolean {
  if (entries.length === 0) return () => false;
  const all = withRealFolders(entries, home);
  const realHome = realPathOf(home) ?? home;
  return (place) => {
    if (isExcluded(place, all, home)) return true;
    return sameFolders(place.cwd).some((cwd) => {
      // The real folder is below the real home.
      const isBelowHome = cwd === home || cwd.startsWith(`${home}/`);
      const project = projectOf(cwd, { home: isBelowHome ? home : realHome, exists: existsSync });
      return isExcluded({ cwd, project }, all, home);
    });
  };
}

/** The entries, and the folders that they and their links lead to. */
export function withRealFolders(entries: readonly string[], home: string): readonly string[] {
  const folders = entries.flatMap((entry) => sameFolders(folderOf(entry, home) ?? ''));
  return [...new Set([...entries, ...folders])];
}

/** The folder without `..` as text, and, if it exists, the folder behind its links. */
function sameFolders(path: string): readonly string[] {
  if (path === '') return [];
  const real = realPathOf(path);
  return real === undefined ? [normalize(path)] : [normalize(path), real];
}

function realPathOf(path: string): string | undefined {
  if (path === '') return undefined;
  try {
    return realpathSync(path);
  } catch {
    // It may be created later, and is compared as written.
    return undefined;
  }
}
