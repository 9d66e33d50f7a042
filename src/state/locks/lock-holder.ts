import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedTextIfAny } from '../files/bounded-read.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';

const MAX_HOLDER_BYTES = 64 * 1024;

/** The holder of a lock, for messages and for finding the socket. The kernel enforces the lock itself. */
export interface LockHolder {
  readonly pid: number;
  /** Clock ticks since boot (Linux). */
  readonly startTicks?: number;
  /** The command as the user typed it: `claude-mem start`. */
  readonly command: string;
  /** Path of the control socket if it is not in the data dir. */
  readonly socket?: string;
  /** ISO 8601. */
  readonly since: string;
}

/**
 * Reads the holder recorded beside a lock file; undefined if there is no valid record. The record is valid only while
 * the lock is held, because a killed holder leaves its record behind.
 */
export function readLockHolder(lockPath: string): LockHolder | undefined {
  try {
    const text = readTrustedTextIfAny(holderPath(lockPath), MAX_HOLDER_BYTES, trustIn(dirname(lockPath)));
    const holder: unknown = text === undefined ? undefined : JSON.parse(text);
    return isHolder(holder) ? holder : undefined;
  } catch {
    // Missing, unreadable, another user's, or not JSON. The message then says that the holder is unknown.
    return undefined;
  }
}

/**
 * Records the holder of the lock, without failing: on a full disk `stop` and `reap` must still get the lock. If the
 * write fails, removes the previous record, because no name is better than a wrong one.
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
    // A folder that became read-only must not prevent the release. The file alone has no effect.
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
