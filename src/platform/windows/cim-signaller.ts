import type { Signaller } from '../../operations/ports/process.ts';
import { createReadingSignaller, type PidReading } from '../reading-signaller.ts';
import { cimScript, parseCim } from './parse-cim.ts';
import { runPowerShellSync } from './run-powershell.ts';

/**
 * The signaller for Windows, which has no signals: SIGTERM and SIGKILL both call `TerminateProcess`, which ends the
 * process without any cleanup and leaves its children running. Each read of a pid starts a PowerShell and blocks this
 * process for about half a second.
 * @param run runs a script synchronously; tests substitute recorded answers
 */
export function createCimSignaller(run: (script: string) => string = runPowerShellSync): Signaller {
  return createReadingSignaller('cim', (pid) => readPid(pid, run));
}

function readPid(pid: number, run: (script: string) => string): PidReading | 'gone' | 'unknown' {
  try {
    const { processes, unparsed, complete } = parseCim(run(cimScript(`ProcessId=${pid}`)));
    const [found] = processes;
    if (found?.pid === pid) return { ...found, isZombie: false };
    return complete && unparsed.length === 0 ? 'gone' : 'unknown';
  } catch {
    // A failed read does not prove that the process is gone, and no process is ended without proof.
    return 'unknown';
  }
}
