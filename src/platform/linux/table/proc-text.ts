import { closeSync, constants, openSync, readSync } from 'node:fs';

/** How much of a file is read, and how long a line may be, in bytes. */
const TEXT_LIMIT_BYTES = 64 * 1024;
/** How much of a table is walked through, in bytes: one line a socket, or a mount, of the whole machine. */
const TABLE_LIMIT_BYTES = 4 * 1024 * 1024;

/** The text of a small file of the kernel or the system; undefined where it is missing, may not be read or is longer than 64 KiB. */
export function readProcText(path: string): string | undefined {
  try {
    const { length, isCut } = readInto(path, TEXT_LIMIT_BYTES + 1);
    return isCut ? undefined : shared.toString('utf8', 0, length);
  } catch {
    // Another kernel, a reduced procfs or a container that hides it: not known then.
    return undefined;
  }
}

const shared = Buffer.allocUnsafeSlow(TEXT_LIMIT_BYTES + 1);

/** The kernel gives some of its files a page at a time, so a short read is not the last. */
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

/** How a walk through a table ended. */
export type TableEnd = 'whole' | 'cut' | 'unreadable';

/**
 * Walks through the lines of a table that may be long, 64 KiB at a time. `cut` where it is longer than 4 MiB, or one of its lines than
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
