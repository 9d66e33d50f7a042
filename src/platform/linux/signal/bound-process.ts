import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type {
  BindOptions,
  BindRefusal,
  BoundProcess,
  Signal,
  SignalResult,
} from '../../../operations/ports/process.ts';
import { errnoOf } from '../../../shared/errors.ts';
import { killPid } from '../../kill.ts';
import { readCommandLine } from '../table/command-line-file.ts';
import type { LinuxNative } from './native.ts';
import { failureOf } from '../table/proc-file.ts';
import { readStat } from '../table/read-stat.ts';
import { isZombie } from '../table/stat-line.ts';

type Comparison = 'same' | 'exiting' | BindRefusal;

/** Opens a handle on the process of a row and compares the process with the row through that handle. */
export function bindProcess(
  row: ProcessRow,
  options: BindOptions,
  native: LinuxNative | null,
): BoundProcess | BindRefusal {
  if (row.startTicks === undefined) return 'unknown';
  try {
    const bound = new LinuxBoundProcess(row, options, native);
    const comparison = bound.compare();
    if (comparison === 'same' || comparison === 'exiting') return bound;
    bound.close();
    return comparison;
  } catch (error) {
    return refusalOf(error);
  }
}

/**
 * A process bound by a directory handle on `/proc/PID`. The kernel binds the handle to the process, not to its pid:
 * once the process is gone, every read through the handle fails, even if the pid is reused.
 */
class LinuxBoundProcess implements BoundProcess {
  readonly pid: number;
  readonly #row: ProcessRow;
  readonly #compareCommand: boolean;
  readonly #native: LinuxNative | null;
  readonly #directory: number;
  /** Used only without pidfd: a read through it is the last operation before the kill. */
  readonly #stat: number | undefined;
  #isOpen = true;

  constructor(row: ProcessRow, options: BindOptions, native: LinuxNative | null) {
    this.pid = row.pid;
    this.#row = row;
    this.#compareCommand = options.compareCommand;
    this.#native = native;
    this.#directory = openSync(`/proc/${row.pid}`, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      this.#stat = native === null ? openSync(this.#path('stat'), 'r') : undefined;
    } catch (error) {
      closeSync(this.#directory);
      throw error;
    }
  }

  signal(signal: Signal): SignalResult {
    // The number of a closed handle may belong to another file.
    if (!this.#isOpen) return 'unknown';
    const comparison = this.compare();
    if (comparison !== 'same') return comparison;
    return this.#native === null ? this.#signalByPid(signal) : this.#signalByHandle(this.#native, signal);
  }

  state(): 'alive' | 'gone' | 'unknown' {
    if (!this.#isOpen) return 'unknown';
    const line = readStat(this.#path());
    if (typeof line === 'string') return line === 'vanished' ? 'gone' : 'unknown';
    return isZombie(line) ? 'gone' : 'alive';
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#directory);
    if (this.#stat !== undefined) closeSync(this.#stat);
  }

  /** Compares identity, owner and, if requested, command line with the row. A zombie counts as gone. */
  compare(): Comparison {
    // Reads the owner first: the directory of a dead process belongs to root, and the successful read below proves that
    // it was alive.
    const uid = this.#owner();
    const line = readStat(this.#path());
    if (typeof line === 'string') return line === 'vanished' ? 'gone' : 'unknown';
    if (line.startTicks !== this.#row.startTicks || line.pid !== this.pid) return 'different';
    if (isZombie(line)) return 'gone';
    if (this.#row.uid !== undefined && uid !== this.#row.uid) return 'different';
    return this.#compareCommand ? this.#compareCommandLine() : 'same';
  }

  #owner(): number | undefined {
    try {
      return fstatSync(this.#directory).uid;
    } catch {
      // hidepid hides a process that changed its user; it then compares as another user's.
      return undefined;
    }
  }

  #compareCommandLine(): Comparison {
    const read = readCommandLine(this.#path());
    if (read === 'vanished') return 'gone';
    if (read === 'unreadable') return 'unknown';
    // Two equal beginnings prove nothing about the rest.
    if (read.argv === undefined || this.#row.commandCut === true) return 'unknown';
    const { argv, command } = read;
    const recorded = this.#row.argv;
    // A row without a command line cannot be compared, and unknown never authorizes a signal.
    if (recorded === undefined && this.#row.command === '') return 'unknown';
    const isEqual =
      recorded === undefined
        ? command === this.#row.command
        : argv.length === recorded.length && argv.every((argument, index) => argument === recorded[index]);
    return isEqual ? 'same' : this.#whyOtherCommand();
  }

  /** An exiting process releases its memory, including its command line, shortly before it becomes a zombie. */
  #whyOtherCommand(): Comparison {
    const line = readStat(this.#path());
    if (typeof line === 'string') return line === 'vanished' ? 'gone' : 'unknown';
    if (isZombie(line)) return 'gone';
    return line.isExiting ? 'exiting' : 'different';
  }

  #signalByHandle(native: LinuxNative, signal: Signal): SignalResult {
    const errno = native.pidfdSendSignal(this.#directory, signal);
    if (errno === 0) return 'sent';
    if (errno === osConstants.errno.ESRCH) return 'gone';
    return errno === osConstants.errno.EPERM ? 'permission-denied' : 'unknown';
  }

  /**
   * Reads before and after a kill by pid. The first read proves that the process existed a few microseconds before the
   * kill: no parsing and no await in between. The second read proves that it still had the pid.
   */
  #signalByPid(signal: Signal): SignalResult {
    const before = this.#touch();
    if (before !== 'there') return before;
    const result = killPid(this.pid, signal);
    if (result !== 'sent') return result;
    const after = this.#touch();
    return after === 'there' ? 'sent' : after;
  }

  #touch(): 'there' | BindRefusal {
    try {
      readSync(this.#stat ?? -1, touched, 0, touched.length, 0);
      return 'there';
    } catch (error) {
      return refusalOf(error);
    }
  }

  #path(file = ''): string {
    const directory = `/proc/self/fd/${this.#directory}`;
    return file === '' ? directory : `${directory}/${file}`;
  }
}

/** Receives the bytes of reads of which only the success counts. */
const touched = Buffer.allocUnsafe(64);

function refusalOf(error: unknown): BindRefusal {
  if (failureOf(error) === 'vanished') return 'gone';
  const errno = errnoOf(error);
  return errno === 'EPERM' || errno === 'EACCES' ? 'permission-denied' : 'unknown';
}
