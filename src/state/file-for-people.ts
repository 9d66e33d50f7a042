import { realpathSync, statSync, writeFileSync } from 'node:fs';
import { writeFileAtomic } from './atomic-file.ts';
import { ioError } from './io-error.ts';

/**
 * Writes a file where a person wants it, whole or not at all, mode 0600. A link is followed, and what is no file (`/dev/stdout`) written into.
 * @throws ClaudeMemError `io`.
 */
export function writeFileForPeople(file: string, text: string): void {
  try {
    const isSpecial = statSync(file, { throwIfNoEntry: false })?.isFile() === false;
    // A rename would put a file in the place of /dev/stdout.
    if (isSpecial) writeFileSync(file, text);
    else writeFileAtomic(linkTarget(file), text);
  } catch (error) {
    throw ioError('write', file, error);
  }
}

function linkTarget(file: string): string {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? file : realpathSync(file);
}
