import { execFile } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';

/** In milliseconds. The probe runs a program that only execs another one; a longer time means that it hangs. */
const PROBE_TIMEOUT_MS = 2_000;

let probed: Promise<boolean> | undefined;

/**
 * The command prefix that makes the kernel end a process when this one dies, even by SIGKILL; empty if unsupported.
 * setpriv execs, so the command keeps the pid. Probed once per process.
 */
export async function parentDeathPrefix(platform: NodeJS.Platform): Promise<readonly string[]> {
  // The kernel binds the signal to the forking thread. Only the main thread lives as long as the process.
  if (platform !== 'linux' || !isMainThread) return [];
  probed ??= probe();
  return (await probed) ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];
}

/** util-linux supports the option, BusyBox does not, and some sandboxes forbid the call. */
function probe(): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    execFile('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], options, (error) => {
      resolve(error === null);
    });
  });
}
