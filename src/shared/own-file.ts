import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, type Stats } from 'node:fs';

/** A file that exists and must not be used: a link, a folder, a pipe, another user's file, or a file that is too large. */
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

/** Whose files count below a data dir. */
export interface Trust {
  /** Undefined where files have no owners. */
  readonly uid: number | undefined;
  /**
   * Whether a file that other users may write is refused too. They can write one only where they may enter the data dir. Where they may
   * even write the data dir itself, no command acts, and a reader shows what there is.
   */
  readonly checksModes: boolean;
}

/** Rights of others to write. */
export const WRITABLE_BY_OTHERS = 0o022;
const ENTERED_BY_OTHERS = 0o011;

/** Only the owner of a data dir writes its records. A data dir that does not exist holds none. */
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
 * Opens a regular file. Follows no link and never waits: a link would lead elsewhere, and a pipe in the place of a file would stop every
 * command.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function openTrusted(path: string, trust: Trust): number {
  return openChecked(path, { flags: constants.O_RDONLY, mode: 0, trust });
}

/**
 * Opens a file of this user for writing, and creates it (0600) if it is missing.
 * @param how `in-place` writes at positions, from the start of the file.
 * @throws UnsuitableFileError, or the system error of Node.js.
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
    fd = openSync(path, flags | constants.O_NONBLOCK | constants.O_NOFOLLOW, mode);
  } catch (error) {
    // The errno of a link differs between systems, and so does that of a pipe that nobody reads.
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

/** Undefined where that cannot be found out either: then the first error says more. */
function typeOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * What `lstat` says of a file that others open by its name, as SQLite does; undefined where there is none.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function lookAtTrusted(path: string, trust: Trust): Stats | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) assertTrusted(path, stats, trust);
  return stats;
}

/**
 * Refuses a folder of another user. A link is followed only if both the link and the folder belong to the right user: vectors may lie on
 * another disk.
 * @throws UnsuitableFileError, or the system error of Node.js.
 */
export function assertTrustedFolder(path: string, trust: Trust): void {
  const named = lstatSync(path, { throwIfNoEntry: false });
  if (named === undefined) return;
  assertOwner(path, named.uid, trust);
  const stats = named.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : named;
  if (stats === undefined) throw new UnsuitableFileError(path, 'is a link that leads nowhere');
  if (!stats.isDirectory()) throw new UnsuitableFileError(path, 'is not a folder');
  assertOwner(path, stats.uid, trust);
  if (isWritableBy(stats.mode, trust)) throw new UnsuitableFileError(path, 'can be written by other users');
}

/** Refuses a folder of another user than the one who runs this process. */
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
