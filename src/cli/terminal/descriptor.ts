import { fstatSync, statSync } from 'node:fs';

/** False for files, pipes, sockets and /dev/null. */
export function mayBeTerminal(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isCharacterDevice() && stats.rdev !== statSync('/dev/null').rdev;
  } catch {
    // A closed descriptor, or a system without /dev/null: the stream knows what to do.
    return true;
  }
}
