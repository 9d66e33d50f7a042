import type { ProcessRow } from '../../../core/process/snapshot.ts';
import { beginningOfCommandLine, joinCommandLine, parseCommandLine } from './command-line.ts';
import { readProcArguments, type ReadFailure } from './proc-file.ts';

/** The command-line fields of a row. */
export type CommandLine = Pick<ProcessRow, 'argv' | 'command' | 'commandCut'>;

/**
 * Reads the command line from a `/proc/PID` directory. If it is longer than 128 KiB, keeps only its beginning, for
 * display.
 */
export function readCommandLine(directory: string): CommandLine | ReadFailure {
  const read = readProcArguments(`${directory}/cmdline`);
  if (typeof read === 'string') return read;
  if (read.isCut) return { command: beginningOfCommandLine(read.bytes), commandCut: true };
  const argv = parseCommandLine(read.bytes);
  return { argv, command: joinCommandLine(argv) };
}
