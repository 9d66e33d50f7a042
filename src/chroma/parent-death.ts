import { execFile } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';

/** A program that execs another one; longer than this means that it hangs, in milliseconds. */
const PROBE_TIMEOUT_MS = 2_000;

let probed: Promise<boolean> | undefined;

/**
 * What stands before a command so that the kernel ends it when this process dies, by SIGKILL too; empty where there is no such thing.
 * setpriv execs, so the pid is the command's own. Probed once per process.
 */
export async function parentDeathPrefix(platform: NodeJS.Platform): Promise<readonly string[]> {
  // The kernel binds the signal to the thread that forked: only the main thread lives as long as the process.
  if (platform !== 'linux' || !isMainThread) return [];
  probed ??= probe();
  return (await probed) ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];
}

/** util-linux has the option, BusyBox has not, and some sandboxes forbid the call. */
function probe(): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    execFile('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], options, (error) => {
      resolve(error === null);
    });
  });
}
