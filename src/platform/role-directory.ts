import { realpathSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { joinPath } from '../core/process/path.ts';
import { CHROMA_DIRECTORIES } from '../core/process/role-program.ts';

/**
 * The directory that a `--data-dir` value means: the Chroma directory of this data dir if it is the same one, else its
 * real path. Undefined if that equals the written value, or nothing is known.
 */
export function resolveRoleDirectory(written: string, dataDir: string): string | undefined {
  const ours = CHROMA_DIRECTORIES.map((name) => joinPath(dataDir, name));
  const meant = resolveDirectory(written, ours);
  return meant === written ? undefined : meant;
}

/** The data dir that a mark names: this one if it is the same directory, else its real path, else as written. */
export function resolveDataDir(written: string, dataDir: string): string {
  return resolveDirectory(written, [dataDir]) ?? written;
}

/** Device and inode identify a directory across links and mounts, where paths differ. */
function resolveDirectory(written: string, ours: readonly string[]): string | undefined {
  // A relative value depends on the working directory of a process, which is unknown.
  if (!isAbsolute(written)) return undefined;
  if (ours.includes(written)) return written;
  const id = lookUp(written);
  if (id === undefined) return undefined;
  return ours.find((path) => lookUp(path)?.identity === id.identity) ?? id.realPath;
}

function lookUp(path: string): { identity: string; realPath: string } | undefined {
  try {
    // bigint: inode numbers on Windows and network file systems use all 64 bits.
    const { dev, ino } = statSync(path, { bigint: true });
    return { identity: `${dev}:${ino}`, realPath: realpathSync.native(path) };
  } catch {
    // Missing or not accessible: only the written value can be compared.
    return undefined;
  }
}
