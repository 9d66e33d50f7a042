import { setTimeout as sleep } from 'node:timers/promises';
import { watchLeaks } from '../../../../operations/leaks/watch-leaks.ts';
import { EXIT, type ExitCode } from '../../../exit-code.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { reportEnd, reportReading } from './json.ts';
import type { WatchTask } from './task.ts';

/** `leaks --watch` for a program: prints one line of JSON per reading and per change, and one at the end. */
export async function watchAsStream(task: WatchTask): Promise<ExitCode> {
  const { output, context, showForeign, intervalMs, count, exitCodeOf } = task;
  output.beginStreaming();
  const interrupts = listenForInterrupts(() => undefined);
  const { interrupted } = interrupts;
  const wait = () => sleep(intervalMs, true, { signal: interrupted }).catch(() => false);
  let readings = 0;
  let found: ExitCode = EXIT.couldNotLook;
  for await (const reading of watchLeaks(
    { observe: context.follow({ memory: true, foreignMemory: showForeign }), wait },
    { count },
  )) {
    readings = reading.number;
    found = exitCodeOf(reading.seen);
    // If the reader goes away, the program ends at the next line with this exit code.
    process.exitCode = found;
    const takenAt = context.clock.date().toISOString();
    for (const line of reportReading(reading, { showForeign, takenAt })) output.data(JSON.stringify(line));
    if (interrupted.aborted) break;
  }
  interrupts.dispose();
  const exitCode = interrupted.aborted ? EXIT.interrupted : found;
  output.data(JSON.stringify(reportEnd(readings, interrupted.aborted ? 'interrupted' : 'count', exitCode)));
  return exitCode;
}
