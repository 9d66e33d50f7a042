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

/** Opens a handle on the process of that row and compares, through it, what it shows now with what the row says. */
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
 * A process held by a directory handle on `/proc/PID`. The kernel ties the handle to the process and not to the number: once the
 * process is gone every look through it fails, whoever has the pid then.
 */
class LinuxBoundProcess implements BoundProcess {
  readonly pid: number;
  readonly #row: ProcessRow;
  readonly #compareCommand: boolean;
  readonly #native: LinuxNative | null;
  readonly #directory: number;
  /** Kept only where there is no pidfd: a read through it is the last thing done before the kill. */
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
    // The number of a closed handle may already mean another file.
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

  /** Compares identity, owner and, if asked, command line with the row; a zombie counts as gone. */
  compare(): Comparison {
    // The owner first: of a process that is gone the directory says root, and the successful read below shows it was not.
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
      // hidepid refuses it for a process that changed its user; it then compares as another's.
      return undefined;
    }
  }

  #compareCommandLine(): Comparison {
    const read = readCommandLine(this.#path());
    if (read === 'vanished') return 'gone';
    if (read === 'unreadable') return 'unknown';
    // Two beginnings that are equal say nothing of what follows them.
    if (read.argv === undefined || this.#row.commandCut === true) return 'unknown';
    const { argv, command } = read;
    const recorded = this.#row.argv;
    // A row without a command line gives nothing to compare, and unknown never authorizes.
    if (recorded === undefined && this.#row.command === '') return 'unknown';
    const isEqual =
      recorded === undefined
        ? command === this.#row.command
        : argv.length === recorded.length && argv.every((argument, index) => argument === recorded[index]);
    return isEqual ? 'same' : this.#whyOtherCommand();
  }

  /** On its way out a process lets go of its memory, and of its command line with it, a moment before it is a zombie. */
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
   * Two reads around a kill by number. A read that succeeds proves that the process was there an instant ago, so what lies between it
   * and the kill is a few microseconds: no parsing, no await. One that succeeds afterwards proves that it had the pid all along.
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

/** Takes the bytes of a read of which only the success counts. */
const touched = Buffer.allocUnsafe(64);

function refusalOf(error: unknown): BindRefusal {
  if (failureOf(error) === 'vanished') return 'gone';
  const errno = errnoOf(error);
  return errno === 'EPERM' || errno === 'EACCES' ? 'permission-denied' : 'unknown';
}
