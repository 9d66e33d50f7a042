import type { ProcessRow } from '../core/process/snapshot.ts';
import type { BindOptions, BoundProcess, Signal, Signaller, SignalResult } from '../operations/ports/process.ts';
import { isSignallable, killPid } from './kill.ts';

/** What a synchronous look at one pid shows. */
export interface PidReading {
  readonly isZombie: boolean;
  /** ISO 8601, always read the same way, so that it compares as text. */
  readonly startedAt: string;
  /** Empty where it could not be read. */
  readonly command: string;
  /** `command` is only the beginning of a longer one. */
  readonly isCommandCut?: boolean;
}

/** Looks at one pid: `gone` is proof that nobody bears it, `unknown` is not. */
export type ReadPid = (pid: number) => PidReading | 'gone' | 'unknown';

/**
 * A signaller for systems without a handle that stays bound to a process: the pid is read right before the signal and right after
 * it. Between the first reading and the signal some milliseconds are left in which the process can end and its pid be given away
 * again; systems that count pids upward do not come round that fast, and the second reading tells if one did.
 */
export function createReadingSignaller(method: string, readPid: ReadPid): Signaller {
  return {
    method,
    bind(row, options) {
      if (!isSignallable(row.pid)) return 'permission-denied';
      const refusal = compare(row, readPid(row.pid), options);
      return refusal === 'same' ? bindTo(row, options, readPid) : refusal;
    },
  };
}

function bindTo(row: ProcessRow, options: BindOptions, readPid: ReadPid): BoundProcess {
  return {
    pid: row.pid,
    signal: (signal) => signalIfSame(row, signal, { options, readPid }),
    state() {
      const comparison = compare(row, readPid(row.pid), { compareCommand: false });
      if (comparison === 'unknown') return 'unknown';
      return comparison === 'same' ? 'alive' : 'gone';
    },
    close() {
      // Nothing is held between two readings.
    },
  };
}

function signalIfSame(
  row: ProcessRow,
  signal: Signal,
  { options, readPid }: { options: BindOptions; readPid: ReadPid },
): SignalResult {
  const reading = readPid(row.pid);
  const before = compare(row, reading, options);
  // It had one when it was bound.
  if (before === 'unknown' && typeof reading !== 'string' && reading.command === '' && reading.isCommandCut !== true)
    return 'exiting';
  if (before !== 'same') return before;
  const result = killPid(row.pid, signal);
  if (result !== 'sent') return result;
  // Somebody else bears the pid now: whether ours had ended before the signal or of it cannot be told.
  const after = compare(row, readPid(row.pid), { compareCommand: false });
  return after === 'different' ? 'unknown' : 'sent';
}

function compare(
  row: ProcessRow,
  reading: ReturnType<ReadPid>,
  { compareCommand }: BindOptions,
): 'same' | 'gone' | 'different' | 'unknown' {
  if (typeof reading === 'string') return reading;
  if (reading.isZombie) return 'gone';
  if (reading.startedAt !== row.startedAt) return 'different';
  if (!compareCommand) return 'same';
  // Two beginnings that are equal say nothing of what follows them.
  if (reading.isCommandCut === true || row.commandCut === true) return 'unknown';
  if (reading.command === row.command) return 'same';
  return reading.command === '' || row.command === '' ? 'unknown' : 'different';
}
