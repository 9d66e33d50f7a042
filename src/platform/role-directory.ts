import { realpathSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { joinPath } from '../core/process/path.ts';
import { CHROMA_DIRECTORIES } from '../core/process/role-program.ts';

/**
 * The directory that a written `--data-dir` value means: the data dir's own Chroma directory where it is the same one, else its
 * real path. Undefined where that is how it is written, or where nothing is known.
 */
export function resolveRoleDirectory(written: string, dataDir: string): string | undefined {
  const ours = CHROMA_DIRECTORIES.map((name) => joinPath(dataDir, name));
  const meant = resolveDirectory(written, ours);
  return meant === written ? undefined : meant;
}

/** The data dir a mark names: ours where it is the same directory, else its real path, else as written. */
export function resolveDataDir(written: string, dataDir: string): string {
  return resolveDirectory(written, [dataDir]) ?? written;
}

/** Device and inode know a directory through links and mounts, where paths differ. */
function resolveDirectory(written: string, ours: readonly string[]): string | undefined {
  // A relative value counts from the working directory of a process that we cannot see.
  if (!isAbsolute(written)) return undefined;
  if (ours.includes(written)) return written;
  const place = lookUp(written);
  if (place === undefined) return undefined;
  return ours.find((path) => lookUp(path)?.identity === place.identity) ?? place.realPath;
}

function lookUp(path: string): { identity: string; realPath: string } | undefined {
  try {
    // bigint: Windows and network file systems use all 64 bits of an inode number.
    const { dev, ino } = statSync(path, { bigint: true });
    return { identity: `${dev}:${ino}`, realPath: realpathSync.native(path) };
  } catch {
    // Gone, or not for us to look at: then what is written is all there is to compare.
    return undefined;
  }
}
