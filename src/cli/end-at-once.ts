import { exitNow } from './exit.ts';
import { err, out } from './terminal/output.ts';

/** These commands only look: once they have printed, nothing of them goes on. */
const LOOKS: readonly (string | undefined)[] = ['leaks', 'status', 'doctor'];

/**
 * Exits if the command has no more work and its whole output is written. Otherwise Node.js collects garbage and takes its memory apart,
 * which takes one to two milliseconds.
 */
export function endAtOnce(command: string | undefined): void {
  if (LOOKS.includes(command) && out.isWritten && err.isWritten) exitNow(Number(process.exitCode ?? 0));
}
