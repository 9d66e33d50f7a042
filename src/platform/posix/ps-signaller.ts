import type { Signaller } from '../../operations/ports/process.ts';
import { createReadingSignaller, type PidReading } from '../reading-signaller.ts';
import { COMMAND_COLUMNS, parseCommands } from './parse-ps.ts';
import { runPsSync } from './run-ps.ts';

/**
 * The signaller for systems that have a POSIX ps and nothing better. It expects rows of the ps-list reader, which takes starts and
 * command lines the same way.
 * @param ps runs ps synchronously; tests put recorded answers in its place
 */
export function createPsSignaller(ps: (args: readonly string[]) => string = runPsSync): Signaller {
  return createReadingSignaller('ps', (pid) => readPid(pid, ps));
}

function readPid(pid: number, ps: (args: readonly string[]) => string): PidReading | 'gone' | 'unknown' {
  const output = tryPs(pid, ps);
  if (output === undefined) return 'unknown';
  const readings = parseCommands(output);
  // It is asked about this process too, so that a ps which fails quietly does not read as "nobody is there".
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
    // A ps that fails has not said that nobody is there, and a signal is not sent on a guess.
    return undefined;
  }
}
