import type { Signaller } from '../../../operations/ports/process.ts';
import { isSignallable } from '../../kill.ts';
import { bindProcess } from './bound-process.ts';
import { type LinuxNative, loadLinuxNative } from './native.ts';
import { isForeignProc } from '../table/proc-mount.ts';

export interface LinuxSignallerOptions {
  /** The native calls; null works without them. Absent: loaded when the first process is bound. */
  readonly native?: LinuxNative | null;
}

/**
 * Signals Linux processes through handles on `/proc/PID`. The method is `pidfd` if the kernel can signal a handle,
 * which rules out pid reuse, and `two-reads` otherwise.
 */
export function createLinuxSignaller({ native }: LinuxSignallerOptions = {}): Signaller {
  let usable: LinuxNative | null | undefined;
  let isForeign: boolean | undefined;

  const useNative = (): LinuxNative | null => {
    if (usable === undefined) {
      const candidate = native === undefined ? loadLinuxNative() : native;
      usable = candidate?.canSignalHandles === true ? candidate : null;
    }
    return usable;
  };

  return {
    get method() {
      return useNative() === null ? 'two-reads' : 'pidfd';
    },
    bind(row, options) {
      if (!isSignallable(row.pid)) return 'permission-denied';
      isForeign ??= isForeignProc();
      // A foreign /proc uses other pids: the handle would show one process and a kill would reach another.
      if (isForeign) return 'unknown';
      return bindProcess(row, options, useNative());
    },
  };
}
