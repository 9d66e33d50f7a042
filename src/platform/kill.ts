import type { Signal, SignalResult } from '../operations/ports/process.ts';
import { errnoOf } from '../shared/errors.ts';

/**
 * Whether a pid may be signalled at all: never 0 (our own group), 1 or below (`kill(-1)` is everybody), and never ourselves.
 */
export function isSignallable(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
}

/**
 * Sends a signal to whoever bears this pid now: the one place that calls `process.kill`. It checks no identity, so only a
 * `Signaller` calls it, right after its own check, with nothing in between.
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
