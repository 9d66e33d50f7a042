import type { ProcessRow } from '../../../core/process/snapshot.ts';
import { beginningOfCommandLine, joinCommandLine, parseCommandLine } from './command-line.ts';
import { readProcArguments, type ReadFailure } from './proc-file.ts';

/** What a row says of a command line. */
export type CommandLine = Pick<ProcessRow, 'argv' | 'command' | 'commandCut'>;

/** Reads the command line of a `/proc/PID` directory; of one longer than 128 KiB only a beginning for people is kept. */
export function readCommandLine(directory: string): CommandLine | ReadFailure {
  const read = readProcArguments(`${directory}/cmdline`);
  if (typeof read === 'string') return read;
  if (read.isCut) return { command: beginningOfCommandLine(read.bytes), commandCut: true };
  const argv = parseCommandLine(read.bytes);
  return { argv, command: joinCommandLine(argv) };
}
