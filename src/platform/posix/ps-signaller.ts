import type { Signaller } from '../../operations/ports/process.ts';
import { createReadingSignaller, type PidReading } from '../reading-signaller.ts';
import { COMMAND_COLUMNS, parseCommands } from './parse-ps.ts';
import { runPsSync } from './run-ps.ts';

/**
 * The signaller for systems with only a POSIX ps. Expects rows of the ps-list reader, which reads starts and command
 * lines the same way.
 * @param ps runs ps synchronously; tests substitute recorded answers
 */
export function createPsSignaller(ps: (args: readonly string[]) => string = runPsSync): Signaller {
  return createReadingSignaller('ps', (pid) => readPid(pid, ps));
}

function readPid(pid: number, ps: (args: readonly string[]) => string): PidReading | 'gone' | 'unknown' {
  const output = tryPs(pid, ps);
  if (output === undefined) return 'unknown';
  const readings = parseCommands(output);
  // Includes this process, so that a ps that fails silently does not look like "no such process".
  if (!readings.has(process.pid)) return 'unknown';
  const reading = readings.get(pid);
  if (reading === undefined) return 'gone';
  const { startedAt, state, command, isCut } = reading;
  return startedAt === undefined ? 'unknown' : { startedAt, isZombie: state === 'Z', command, isCommandCut: isCut };
}

function tryPs(pid: number, ps: (args: readonly string[]) => string): string | undefined {
  try {
    return ps(['-ww', '-o', COMMAND_COLUMNS, '-p', `${pid},${process.pid}`]);
  } catch {
    // A failed ps does not prove that the process is gone, and no signal is sent without proof.
    return undefined;
  }
}
