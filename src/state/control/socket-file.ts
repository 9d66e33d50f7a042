import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Node silently truncates a longer path and listens elsewhere (`sun_path` has 108 bytes, 104 on macOS). */
const MAX_SOCKET_PATH_BYTES = 100;
/** Mode bits that let users other than the owner replace files in a folder. */
const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_ANYTHING = 0o077;

export function isSocketPathShortEnough(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

/** Undefined if the folder does not exist or cannot be read. */
export function ownerOfFolder(folder: string): number | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.uid;
  } catch {
    // A part of the path cannot be entered, so no process can be asked.
    return undefined;
  }
}

/** Whether the path is a socket that belongs to this user. A link to a socket does not count. Never throws. */
export function isSocketOf(owner: number | undefined, path: string): boolean {
  if (!isSocketPathShortEnough(path)) return false;
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isSocket() === true && stats.uid === owner;
  } catch {
    // The folder cannot be entered, so a process that listens there cannot be asked.
    return false;
  }
}

/** Whether only that user can replace the socket. Never throws. */
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
