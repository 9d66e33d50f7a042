import { lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SchedulerFiles } from '../../operations/ports/guard.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { ioError } from '../files/io-error.ts';

/** Units are readable by all users, as those that other programs install. They contain no secret. */
const MODE = 0o644;

/** Files of schedulers in the home of this user. */
export const schedulerFiles: SchedulerFiles = {
  exists: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  write: (path, text, encoding = 'utf8') => {
    try {
      assertOwnPlace(path);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (encoding === 'utf8') writeFileAtomic(path, text, MODE);
      else replace(path, Buffer.from(text, encoding));
    } catch (error) {
      throw ioError('write', path, error);
    }
  },
  remove: (path) => {
    try {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
      rmSync(path);
      return true;
    } catch (error) {
      throw ioError('remove', path, error);
    }
  },
};

function replace(path: string, bytes: Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
}

/** With `sudo` and the HOME of another user, that user's manager would later refuse or run files of root. */
function assertOwnPlace(path: string): void {
  const own = process.geteuid?.();
  const owner = ownerOf(dirname(path));
  if (own === undefined || owner === undefined || owner.uid === own) return;
  // A missing folder in a system folder, as /tmp: the file system decides.
  if (owner.uid === 0) return;
  throw new ClaudeMemError('not-owner', `${owner.path} belongs to user id ${owner.uid}, but you are user id ${own}`, {
    hint: 'Run the command as that user, without sudo.',
  });
}

function ownerOf(path: string): { readonly uid: number; readonly path: string } | undefined {
  for (let place = path; ; place = dirname(place)) {
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats !== undefined) return { uid: stats.uid, path: place };
    if (dirname(place) === place) return undefined;
  }
}
