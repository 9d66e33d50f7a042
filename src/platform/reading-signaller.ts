import type { ProcessRow } from '../core/process/snapshot.ts';
import type { BindOptions, BoundProcess, Signal, Signaller, SignalResult } from '../operations/ports/process.ts';
import { isSignallable, killPid } from './kill.ts';

/** The result of reading one pid synchronously. */
export interface PidReading {
  readonly isZombie: boolean;
  /** ISO 8601, always formatted the same way, so that it compares as text. */
  readonly startedAt: string;
  /** Empty if it could not be read. */
  readonly command: string;
  /** Whether `command` is only the beginning of a longer one. */
  readonly isCommandCut?: boolean;
}

/** Reads one pid: `gone` proves that no process has it, `unknown` proves nothing. */
export type ReadPid = (pid: number) => PidReading | 'gone' | 'unknown';

/**
 * A signaller for systems without process handles: reads the pid directly before and directly after the signal. In the
 * milliseconds between the first read and the signal, the process can end and its pid can be reused. Systems that
 * assign ascending pids do not reuse one that fast, and the second read detects it.
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
      // There is no handle to close.
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
  // It had a command line when it was bound.
  if (before === 'unknown' && typeof reading !== 'string' && reading.command === '' && reading.isCommandCut !== true)
    return 'exiting';
  if (before !== 'same') return before;
  const result = killPid(row.pid, signal);
  if (result !== 'sent') return result;
  // The pid belongs to another process now. Whether the target ended before or because of the signal is unknown.
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
  // Two equal beginnings prove nothing about the rest.
  if (reading.isCommandCut === true || row.commandCut === true) return 'unknown';
  if (reading.command === row.command) return 'same';
  return reading.command === '' || row.command === '' ? 'unknown' : 'different';
}
