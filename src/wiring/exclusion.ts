import { realpathSync } from 'node:fs';
import { folderOf, isExcluded } from '../core/excluded-project.ts';

export interface Place {
  readonly cwd: string;
  readonly project: string;
}

/** Tells places of which nothing may be stored. Also compares the folders behind links. */
export function createExclusion(entries: readonly string[], home: string): (place: Place) => boolean {
  if (entries.length === 0) return () => false;
  const all = withRealFolders(entries, home);
  return ({ cwd, project }) => {
    if (isExcluded({ cwd, project }, all, home)) return true;
    const real = realPathOf(cwd);
    return real !== undefined && isExcluded({ cwd: real, project }, all, home);
  };
}

/** The entries, and the folders that their links lead to. */
export function withRealFolders(entries: readonly string[], home: string): readonly string[] {
  const real = entries.flatMap((entry) => realPathOf(folderOf(entry, home) ?? '') ?? []);
  return [...new Set([...entries, ...real])];
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
