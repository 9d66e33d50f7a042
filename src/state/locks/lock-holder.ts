import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedText } from '../files/bounded-read.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';

const MAX_HOLDER_BYTES = 64 * 1024;

/** Who holds a lock: information for people and for finding the socket. The lock itself is the kernel's. */
export interface LockHolder {
  readonly pid: number;
  /** Clock ticks since boot (Linux). */
  readonly startTicks?: number;
  /** What it is doing, as the user typed it: `claude-mem start`. */
  readonly command: string;
  /** Path of the control socket, where that is not in the data dir. */
  readonly socket?: string;
  /** ISO 8601. */
  readonly since: string;
}

/**
 * Who wrote itself down beside a lock file; undefined if nobody did, or illegibly. Only while the lock is held does it tell who holds
 * it: a killed holder's stays behind.
 */
export function readLockHolder(lockPath: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(
      readTrustedText(holderPath(lockPath), MAX_HOLDER_BYTES, trustIn(dirname(lockPath))),
    );
    return isHolder(holder) ? holder : undefined;
  } catch {
    // Missing, unreadable, another user's or not JSON: the message then says that the holder is not known.
    return undefined;
  }
}

/**
 * Writes down who holds the lock, as well as it can: on a full disk `stop` and `reap` must still get their turn, and a taker that is
 * not named is better than the name of the one before.
 */
export function writeLockHolder(lockPath: string, holder: LockHolder): void {
  try {
    writeFileAtomic(holderPath(lockPath), `${JSON.stringify(holder)}\n`);
  } catch {
    removeLockHolder(lockPath);
  }
}

export function removeLockHolder(lockPath: string): void {
  try {
    rmSync(holderPath(lockPath), { force: true });
  } catch {
    // A folder that became read-only must not keep the lock from being released; the file alone says nothing.
  }
}

function holderPath(lockPath: string): string {
  return `${lockPath}.holder`;
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTicks, command, socket, since } = value as Record<keyof LockHolder, unknown>;
  return (
    Number.isSafeInteger(pid) &&
    typeof command === 'string' &&
    typeof since === 'string' &&
    (startTicks === undefined || typeof startTicks === 'number') &&
    (socket === undefined || typeof socket === 'string')
  );
}
