import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, type Stats } from 'node:fs';
import { whileInUse } from './while-in-use.ts';

/**
 * A file that exists but must not be used: a link, a folder, a pipe, another user's file, or a file that is too large.
 */
export class UnsuitableFileError extends Error {
  override readonly name = 'UnsuitableFileError';
  readonly path: string;
  /** A predicate, such as `is a link`. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

/** Which files below a data dir are trusted. */
export interface Trust {
  /** Undefined on systems where files have no owner. */
  readonly uid: number | undefined;
  /**
   * Whether to refuse files that other users can write. Other users can write a file only if they can enter the data
   * dir. If they can write the data dir itself, commands refuse to act and readers show what exists.
   */
  readonly checksModes: boolean;
}

/** Mode bits that let other users write. */
export const WRITABLE_BY_OTHERS = 0o022;
const ENTERED_BY_OTHERS = 0o011;

/** Only the owner of a data dir writes its records. A data dir that does not exist contains none. */
export function trustIn(dataDir: string): Trust {
  const stats = statSync(dataDir, { throwIfNoEntry: false });
  const uid = process.geteuid === undefined ? undefined : stats?.uid;
  const mode = stats?.mode ?? 0;
  return { uid, checksModes: (mode & ENTERED_BY_OTHERS) !== 0 && (mode & WRITABLE_BY_OTHERS) === 0 };
}

/** Trusts files of the user who runs this process. */
function ownTrust(): Trust {
  return { uid: process.geteuid?.(), checksModes: false };
}

/**
 * Opens a regular file. Refuses a link, which may point elsewhere. Opens without blocking, because a pipe in place of a
 * file would block every command.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function openTrusted(path: string, trust: Trust): number {
  return openChecked(path, { flags: constants.O_RDONLY, mode: 0, trust });
}

/**
 * Opens a file of this user for writing and creates it (0600) if it is missing.
 * @param how `in-place` writes at given positions, counted from the start of the file.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function openOwnForWriting(path: string, how: 'append' | 'in-place'): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | (how === 'append' ? constants.O_APPEND : 0);
  return openChecked(path, { flags, mode: 0o600, trust: ownTrust() });
}

interface Opening {
  readonly flags: number;
  readonly mode: number;
  readonly trust: Trust;
}

function openChecked(path: string, { flags, mode, trust }: Opening): number {
  let fd: number;
  try {
    fd = whileInUse(() => openSync(path, flags | constants.O_NONBLOCK | constants.O_NOFOLLOW, mode));
  } catch (error) {
    // The errno for a link, or for a pipe without a reader, differs between systems.
    const stats = typeOf(path);
    if (stats !== undefined && !stats.isFile()) throw new UnsuitableFileError(path, describeType(stats));
    throw error;
  }
  try {
    assertTrusted(path, fstatSync(fd), trust);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Undefined if `lstat` fails too; the first error then says more. */
function typeOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * Returns the `lstat` of a file that another library, such as SQLite, opens by name; undefined if the file does not
 * exist.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function lookAtTrusted(path: string, trust: Trust): Stats | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) assertTrusted(path, stats, trust);
  return stats;
}

/**
 * Refuses a folder of another user. Follows a link only if the link and its target both belong to the expected user,
 * because vectors may be on another disk.
 * @throws UnsuitableFileError, or the Node.js system error.
 */
export function assertTrustedFolder(path: string, trust: Trust): void {
  const named = lstatSync(path, { throwIfNoEntry: false });
  if (named === undefined) return;
  assertOwner(path, named.uid, trust);
  const stats = named.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : named;
  if (stats === undefined) throw new UnsuitableFileError(path, 'is a link whose target does not exist');
  if (!stats.isDirectory()) throw new UnsuitableFileError(path, 'is not a folder');
  assertOwner(path, stats.uid, trust);
  if (isWritableBy(stats.mode, trust)) throw new UnsuitableFileError(path, 'can be written by other users');
}

/** Refuses a folder that does not belong to the user who runs this process. */
export function assertOwnFolder(path: string): void {
  assertTrustedFolder(path, ownTrust());
}

function assertTrusted(path: string, stats: Stats, trust: Trust): void {
  if (!stats.isFile()) throw new UnsuitableFileError(path, describeType(stats));
  assertOwner(path, stats.uid, trust);
  if (isWritableBy(stats.mode, trust)) throw new UnsuitableFileError(path, 'can be written by other users');
}

function assertOwner(path: string, uid: number, trust: Trust): void {
  if (trust.uid === undefined || trust.uid === uid) return;
  throw new UnsuitableFileError(path, `belongs to user id ${uid}, not to the owner of the data dir (${trust.uid})`);
}

function isWritableBy(mode: number, { uid, checksModes }: Trust): boolean {
  return uid !== undefined && checksModes && (mode & WRITABLE_BY_OTHERS) !== 0;
}

function describeType(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'is a link';
  if (stats.isDirectory()) return 'is a folder, not a file';
  return stats.isFIFO() ? 'is a pipe, not a file' : 'is not a regular file';
}
