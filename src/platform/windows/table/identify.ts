import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { MeasuredProcess } from '../../../operations/ports/tree.ts';
import { baseName } from '../../../core/process/program-name.ts';
import { cpuTicksOf, isoTimeOf, startTicksOf } from '../native/file-time.ts';
import type { WindowsNative } from '../native/load-native.ts';
import { openProcess, type ProcessTimes, readTimes, RIGHTS } from '../native/process-handle.ts';
import { readUser } from '../native/user.ts';
import { commandFields } from './native-row-reader.ts';
import { readCommandLine, readExecutable, readMemoryUse, readParent } from './process-parameters.ts';

/** One process by pid, with its start, user and command line; undefined if it does not exist or cannot be opened. */
export function identifyNative(native: WindowsNative, pid: number): ProcessRow | undefined {
  return withTimes(native, pid, (handle, times) => {
    const executable = readExecutable(native, handle) ?? '';
    const uid = readUser(native, handle);
    return {
      pid,
      ppid: readParent(native, handle) ?? 0,
      name: baseName(executable),
      executable,
      ...startOf(times),
      startedAt: isoTimeOf(times.started),
      ...commandFields(readCommandLine(native, handle)),
      ...(uid === undefined ? {} : { uid }),
    };
  });
}

/** Current use of one process; undefined if it is gone or cannot be opened. */
export function measureNative(native: WindowsNative, pid: number): MeasuredProcess | undefined {
  return withTimes(native, pid, (handle, times) => ({
    ...startOf(times),
    cpuTicks: cpuTicksOf(times.cpu),
    ...readMemoryUse(native, handle),
  }));
}

function withTimes<Result>(
  native: WindowsNative,
  pid: number,
  use: (handle: number, times: ProcessTimes) => Result,
): Result | undefined {
  const full = openProcess(native, pid, RIGHTS.query | RIGHTS.readMemory);
  const handle = full === 'permission-denied' ? openProcess(native, pid, RIGHTS.query) : full;
  if (typeof handle === 'string') return undefined;
  try {
    const times = readTimes(native, handle);
    // A process that has ended keeps its pid while another process has a handle on it.
    return times === undefined || times.ended > 0n ? undefined : use(handle, times);
  } finally {
    native.close(handle);
  }
}

function startOf({ started }: ProcessTimes): Pick<ProcessRow, 'startTicks'> {
  const startTicks = startTicksOf(started);
  return startTicks === undefined ? {} : { startTicks };
}
