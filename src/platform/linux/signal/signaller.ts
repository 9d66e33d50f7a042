import type { Signaller } from '../../../operations/ports/process.ts';
import { isSignallable } from '../../kill.ts';
import { bindProcess } from './bound-process.ts';
import { type LinuxNative, loadLinuxNative } from './native.ts';
import { isForeignProc } from '../table/proc-mount.ts';

export interface LinuxSignallerOptions {
  /** The native calls; null does without them. Absent: loaded when the first process is bound. */
  readonly native?: LinuxNative | null;
}

/**
 * Signals processes of Linux through handles on `/proc/PID`. Its method is `pidfd` where the kernel signals a handle, which leaves no
 * moment at which the pid could be reused, and `two-reads` elsewhere.
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
      // Its pids are not ours: the handle would show one process and a kill reach another.
      if (isForeign) return 'unknown';
      return bindProcess(row, options, useNative());
    },
  };
}
