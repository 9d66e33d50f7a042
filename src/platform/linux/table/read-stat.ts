import { readFileSync } from 'node:fs';
import { failureOf, FILE_LIMIT_BYTES, type ReadFailure } from './proc-file.ts';
import { parseStatLine, type StatLine } from './stat-line.ts';

/**
 * Reads and parses the `stat` of a `/proc/PID` directory; an incomplete one counts as unreadable. The name may not be UTF-8; U+FFFD then
 * replaces what is not.
 */
export function readStat(directory: string): StatLine | ReadFailure {
  let text: string;
  try {
    // This runs for every process. Node reads a file as UTF-8 in one call of native code, which is quicker than to open, read and close
    // it. The kernel writes less than 1 kB.
    text = readFileSync(`${directory}/stat`, AS_TEXT);
  } catch (error) {
    return failureOf(error);
  }
  return text.length > FILE_LIMIT_BYTES ? 'unreadable' : (parseStatLine(text) ?? 'unreadable');
}

/** Node copies a name of an encoding into such an object at each call. */
const AS_TEXT = { encoding: 'utf8', flag: 'r' } as const;
