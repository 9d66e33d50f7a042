import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { UnsuitableFileError } from '../../shared/own-file.ts';

/** Errno → what it means in words and what to do about it. */
const KNOWN: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  ENOSPC: ['no space left on the device', 'Free some disk space (or inodes) and try again.'],
  EDQUOT: ['the disk quota is used up', 'Free some space within the quota and try again.'],
  EACCES: ['permission denied', 'Check the owner and the mode of the file and its folder.'],
  EPERM: ['operation not permitted', 'Check the owner and the mode of the file and its folder.'],
  EROFS: ['the file system is read-only', 'Mount it writable, or use another data dir with --data-dir.'],
  ENOENT: ['no such file or folder', 'The folder may have been removed or unmounted meanwhile.'],
  ENOTDIR: ['a part of the path is not a folder', 'Remove or rename the file that stands where a folder should be.'],
  EISDIR: ['it is a folder', 'Remove or rename the folder that stands where a file should be.'],
  EMFILE: ['too many open files', 'Raise the limit of open files (ulimit -n).'],
  ENFILE: ['too many open files on this machine', 'Raise the limit of open files.'],
  EEXIST: ['something else has that name', 'Remove or rename what stands there.'],
  ELOOP: ['it is a link, or its path holds too many links', 'Remove the link, or give the path that it leads to.'],
  ENXIO: ['it is a pipe that nobody reads, or a socket', 'Remove or rename it, or give the path of a file.'],
  ENAMETOOLONG: ['the name is too long', 'Give a shorter path.'],
  ENOTEMPTY: ['it is a folder', 'Remove or rename the folder that stands where a file should be.'],
  EBUSY: ['it is in use', 'Try again later, or give another path.'],
  ETXTBSY: ['it is a program that runs', 'Give another path.'],
  EFBIG: ['the file would be too large', 'Check the limit of file sizes (ulimit -f).'],
  EIO: ['input/output error', 'The disk may be failing: look into the system log.'],
};

const UNSUITABLE_HINT = 'Move away what stands there; `claude-mem doctor --fix` does so with files of other users.';

/** Translates an errno, once and here, into an `io` error that names the path; what is no system error comes back as it is. */
export function ioError(action: string, path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  if (error instanceof UnsuitableFileError) {
    return new ClaudeMemError(
      'io',
      `cannot ${action} ${path}: ${error.path === path ? `it ${error.reason}` : error.message}`,
      {
        hint: UNSUITABLE_HINT,
        cause: error,
      },
    );
  }
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(String(error));
  const hint = KNOWN[errno]?.[1];
  return new ClaudeMemError('io', `cannot ${action} ${path}: ${describeErrno(error)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** `no space left on the device (ENOSPC)`, for a message that names the path itself. */
export function describeErrno(error: unknown): string {
  if (error instanceof UnsuitableFileError) return `it ${error.reason}`;
  const errno = errnoOf(error);
  if (errno === undefined) return messageOf(error);
  const meaning = KNOWN[errno]?.[0];
  return meaning === undefined ? errno : `${meaning} (${errno})`;
}
