import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

/** In bytes. Any user can give a process a command line or environment of 256 MB, and splitting one crashes Node.js. */
const LONGEST = 256 * 1024;

/** The beginning of a file of `/proc`, as Latin-1. Throws the Node.js system error. */
export function readProcText(file) {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(LONGEST);
    let length = 0;
    for (;;) {
      const count = readSync(fd, buffer, length, LONGEST - length, length);
      length += count;
      if (count === 0 || length === LONGEST) return buffer.latin1Slice(0, length);
    }
  } finally {
    closeSync(fd);
  }
}
