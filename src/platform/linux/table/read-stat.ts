import { readProcFileWith, type ReadFailure } from './proc-file.ts';
import { parseStatLine, type StatLine } from './stat-line.ts';

/** Reads and parses the `stat` of a `/proc/PID` directory; an incomplete one counts as unreadable. */
export function readStat(directory: string): StatLine | ReadFailure {
  return readProcFileWith(`${directory}/stat`, parse) ?? 'unreadable';
}

function parse(bytes: Buffer, length: number): StatLine | undefined {
  // ASCII except for the name. Decoding as Latin-1 is several times faster, and this runs for every process.
  const text = bytes.toString('latin1', 0, length);
  return parseStatLine(NOT_ASCII.test(text) ? bytes.toString('utf8', 0, length) : text);
}

const NOT_ASCII = /[^\0-\x7f]/;
