import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Node cuts a longer path silently and listens elsewhere (`sun_path` holds 108 bytes, 104 on macOS). */
const MAX_SOCKET_PATH_BYTES = 100;
/** Bits by which anybody but the owner may replace what is in a folder. */
const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_ANYTHING = 0o077;

export function isSocketPathShortEnough(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

/** Undefined where the folder is not there, or cannot be looked at. */
export function ownerOfFolder(folder: string): number | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.uid;
  } catch {
    // A part of the path may not be entered: there is nobody to ask.
    return undefined;
  }
}

/** Whether a socket stands there that this user made. A link to one is none. Never throws. */
export function isSocketOf(owner: number | undefined, path: string): boolean {
  if (!isSocketPathShortEnough(path)) return false;
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isSocket() === true && stats.uid === owner;
  } catch {
    // A folder we may not look into: whoever listens there cannot be asked.
    return false;
  }
}

/** Whether nobody but that user can put another socket in its place. Never throws. */
export function isOutOfReach(owner: number | undefined, path: string, { inDataDir }: { inDataDir: boolean }): boolean {
  if (process.geteuid === undefined) return true;
  try {
    const stats = lstatSync(dirname(path));
    const forbidden = inDataDir ? OTHERS_MAY_WRITE : OTHERS_MAY_ANYTHING;
    return stats.isDirectory() && stats.uid === owner && (stats.mode & forbidden) === 0;
  } catch {
    return false;
  }
}
