import { closeSync, constants, openSync, readSync } from 'node:fs';

/** Limit for a file, and for one line of a table, in bytes. */
const TEXT_LIMIT_BYTES = 64 * 1024;
/** Limit for a table, in bytes; it has one line per socket or mount of the whole machine. */
const TABLE_LIMIT_BYTES = 4 * 1024 * 1024;

/** The text of a small system file; undefined if it is missing, not readable, or longer than 64 KiB. */
export function readProcText(path: string): string | undefined {
  try {
    const { length, isCut } = readInto(path, TEXT_LIMIT_BYTES + 1);
    return isCut ? undefined : shared.toString('utf8', 0, length);
  } catch {
    // Unknown on another kernel, with a reduced procfs, or if a container hides the file.
    return undefined;
  }
}

const shared = Buffer.allocUnsafeSlow(TEXT_LIMIT_BYTES + 1);

/** The kernel returns some files page by page, so a short read is not the end. */
function readInto(path: string, capacity: number): { readonly length: number; readonly isCut: boolean } {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    let length = 0;
    while (length < capacity) {
      const got = readSync(descriptor, shared, length, capacity - length, null);
      if (got === 0) return { length, isCut: false };
      length += got;
    }
    return { length, isCut: true };
  } finally {
    closeSync(descriptor);
  }
}

/** How reading a table ended. */
export type TableEnd = 'whole' | 'cut' | 'unreadable';

/**
 * Visits the lines of a long table, 64 KiB at a time. Returns `cut` if it is longer than 4 MiB or a line is longer than
 * 64 KiB.
 */
export function eachProcLine(path: string, visit: (line: string) => void): TableEnd {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY);
  } catch {
    return 'unreadable';
  }
  try {
    return walk(descriptor, visit);
  } catch {
    return 'unreadable';
  } finally {
    closeSync(descriptor);
  }
}

function walk(descriptor: number, visit: (line: string) => void): TableEnd {
  let rest = '';
  for (let total = 0; total <= TABLE_LIMIT_BYTES;) {
    const got = readSync(descriptor, shared, 0, TEXT_LIMIT_BYTES, null);
    if (got === 0) {
      if (rest !== '') visit(rest);
      return 'whole';
    }
    total += got;
    const lines = (rest + shared.toString('latin1', 0, got)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > TEXT_LIMIT_BYTES) return 'cut';
    for (const line of lines) visit(line);
  }
  return 'cut';
}
