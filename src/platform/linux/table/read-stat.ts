import { readProcFileWith, type ReadFailure } from './proc-file.ts';
import { parseStatLine, type StatLine } from './stat-line.ts';

/** Reads and parses the `stat` of a `/proc/PID` directory; one that is not whole is as good as unreadable. */
export function readStat(directory: string): StatLine | ReadFailure {
  return readProcFileWith(`${directory}/stat`, parse) ?? 'unreadable';
}

function parse(bytes: Buffer, length: number): StatLine | undefined {
  // It is ASCII but for the name: as Latin-1 it is decoded in a fraction of the time, once for every process there is.
  const text = bytes.toString('latin1', 0, length);
  return parseStatLine(NOT_ASCII.test(text) ? bytes.toString('utf8', 0, length) : text);
}

const NOT_ASCII = /[^\0-\x7f]/;
