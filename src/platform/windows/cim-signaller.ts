import type { Signaller } from '../../operations/ports/process.ts';
import { createReadingSignaller, type PidReading } from '../reading-signaller.ts';
import { cimScript, parseCim } from './parse-cim.ts';
import { runPowerShellSync } from './run-powershell.ts';

/**
 * The signaller for Windows, which has no signals: SIGTERM and SIGKILL both end the process at once (`TerminateProcess`), without
 * asking it and without a chance to clean up, and its children stay. Each look at a pid starts a PowerShell, about half a second in
 * which nothing else runs.
 * @param run runs a script synchronously; tests put recorded answers in its place
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
    // A reading that fails has not said that nobody is there, and nothing is ended on a guess.
    return 'unknown';
  }
}
