import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type {
  BindOptions,
  BindRefusal,
  BoundProcess,
  Signal,
  Signaller,
  SignalResult,
} from '../../../operations/ports/process.ts';
import { isSignallable } from '../../kill.ts';
import { startTicksOf } from '../native/file-time.ts';
import { STATUS_ACCESS_DENIED, STATUS_PROCESS_IS_TERMINATING, type WindowsNative } from '../native/load-native.ts';
import { hasEnded, openProcess, readTimes, RIGHTS } from '../native/process-handle.ts';
import { readUser } from '../native/user.ts';
import { readCommandLine } from '../table/process-parameters.ts';

/** Exit codes of ended processes: what a shell reports for a program that a signal ended. */
const EXIT_CODES = { SIGTERM: 128 + 15, SIGKILL: 128 + 9 } as const;

/**
 * Ends Windows processes through handles. A handle refers to one process for as long as it is open, and the pid is given to no other one
 * meanwhile, so nothing can come between comparison and end. Windows has no signals: SIGTERM and SIGKILL both terminate, without any
 * cleanup in the process, and leave its children running. SIGSTOP suspends.
 */
export function createHandleSignaller(native: WindowsNative): Signaller {
  return {
    method: 'handle',
    bind(row, options) {
      if (!isSignallable(row.pid)) return 'permission-denied';
      if (row.startTicks === undefined) return 'unknown';
      const rights = RIGHTS.query | RIGHTS.wait | RIGHTS.terminate | RIGHTS.suspend;
      const handle = openProcess(native, row.pid, options.compareCommand ? rights | RIGHTS.readMemory : rights);
      if (typeof handle === 'string') return handle;
      const bound = new HandleBoundProcess({ native, handle, row, options });
      const comparison = bound.compare();
      if (comparison === 'same') return bound;
      bound.close();
      return comparison;
    },
  };
}

interface Binding {
  readonly native: WindowsNative;
  readonly handle: number;
  readonly row: ProcessRow;
  readonly options: BindOptions;
}

class HandleBoundProcess implements BoundProcess {
  readonly pid: number;
  readonly #native: WindowsNative;
  readonly #binding: Binding;
  #isOpen = true;

  constructor(binding: Binding) {
    this.pid = binding.row.pid;
    this.#native = binding.native;
    this.#binding = binding;
  }

  signal(signal: Signal): SignalResult {
    // The number of a closed handle may belong to another object.
    if (!this.#isOpen) return 'unknown';
    const comparison = this.compare();
    return comparison === 'same' ? this.#send(signal) : comparison;
  }

  state(): 'alive' | 'gone' | 'unknown' {
    const ended = this.#isOpen ? hasEnded(this.#native, this.#binding.handle) : undefined;
    if (ended === undefined) return 'unknown';
    return ended ? 'gone' : 'alive';
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#native.close(this.#binding.handle);
  }

  /** Compares start, user and, if requested, command line with the row. */
  compare(): 'same' | BindRefusal {
    const { native, handle, row, options } = this.#binding;
    const times = readTimes(native, handle);
    if (times === undefined) return 'unknown';
    // First, because a process that has ended keeps its pid while this handle is open.
    if (startTicksOf(times.started) !== row.startTicks) return 'different';
    const state = this.state();
    if (state !== 'alive') return state;
    const uid = readUser(native, handle);
    if (row.uid !== undefined && row.uid !== uid) return uid === undefined ? 'unknown' : 'different';
    return options.compareCommand ? this.#compareCommandLine() : 'same';
  }

  #compareCommandLine(): 'same' | BindRefusal {
    const { native, handle, row } = this.#binding;
    const command = readCommandLine(native, handle).trim();
    if (command === '' || row.command === '' || row.commandCut === true) {
      // An ending process loses its memory before it is gone.
      return this.state() === 'gone' ? 'gone' : 'unknown';
    }
    return command === row.command ? 'same' : 'different';
  }

  #send(signal: Signal): SignalResult {
    const { native, handle } = this.#binding;
    const status = signal === 'SIGSTOP' ? native.suspend(handle) : native.terminate(handle, EXIT_CODES[signal]);
    if (status >= 0) return 'sent';
    // Windows answers "access denied" for a process that another one is ending.
    if (status === STATUS_PROCESS_IS_TERMINATING || this.state() === 'gone') return 'gone';
    return status === STATUS_ACCESS_DENIED ? 'permission-denied' : 'unknown';
  }
}
