import type { Signal, SignalResult } from '../operations/ports/process.ts';
import { errnoOf } from '../shared/errors.ts';

/**
 * Whether a pid may be signalled at all: not 0 (this process group), not 1 or below (`kill(-1)` signals every process),
 * and not this process.
 */
export function isSignallable(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
}

/**
 * Sends a signal to the process that has this pid now. The only caller of `process.kill`. Checks no identity, so only a
 * `Signaller` calls it, directly after its own check.
 */
export function killPid(pid: number, signal: Signal): Exclude<SignalResult, 'different'> {
  if (!isSignallable(pid)) return 'permission-denied';
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return 'gone';
    return errnoOf(error) === 'EPERM' ? 'permission-denied' : 'unknown';
  }
}
