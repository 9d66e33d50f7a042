import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { UnsuitableFileError } from '../../shared/own-file.ts';

/** Errno → its meaning in words and how to fix it. */
const KNOWN: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  ENOSPC: ['no space left on the device', 'Free some disk space (or inodes) and try again.'],
  EDQUOT: ['the disk quota is used up', 'Free some space within the quota and try again.'],
  EACCES: ['permission denied', 'Check the owner and the mode of the file and its folder.'],
  EPERM: ['operation not permitted', 'Check the owner and the mode of the file and its folder.'],
  EROFS: ['the file system is read-only', 'Mount it writable, or use another data dir with --data-dir.'],
  ENOENT: ['no such file or folder', 'Check the path. The folder may have been removed or unmounted.'],
  ENOTDIR: ['a part of the path is not a folder', 'Remove or rename the file that blocks the folder.'],
  EISDIR: ['it is a folder', 'Remove or rename the folder that blocks the file.'],
  EMFILE: ['too many open files', 'Raise the limit of open files (ulimit -n).'],
  ENFILE: ['too many open files on this machine', 'Raise the limit of open files.'],
  EEXIST: ['the name is already taken', 'Remove or rename the existing file or folder.'],
  ELOOP: ['it is a link, or its path contains too many links', 'Remove the link, or use the path of its target.'],
  ENXIO: ['it is a pipe without a reader, or a socket', 'Remove or rename it, or use the path of a file.'],
  ENAMETOOLONG: ['the name is too long', 'Use a shorter path.'],
  ENOTEMPTY: ['it is a folder', 'Remove or rename the folder that blocks the file.'],
  EBUSY: ['it is in use', 'Try again later, or use another path.'],
  ETXTBSY: ['it is a running program', 'Use another path.'],
  EFBIG: ['the file would be too large', 'Check the limit of file sizes (ulimit -f).'],
  EIO: ['input/output error', 'The disk may be failing. Check the system log.'],
};

const UNSUITABLE_HINT = 'Move it away. `claude-mem doctor --fix` does so for files of other users.';

/**
 * Translates an errno into an `io` error that names the path. Returns any other error unchanged. The only place that
 * translates.
 */
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

/** `no space left on the device (ENOSPC)`, for messages that name the path themselves. */
export function describeErrno(error: unknown): string {
  if (error instanceof UnsuitableFileError) return `it ${error.reason}`;
  const errno = errnoOf(error);
  if (errno === undefined) return messageOf(error);
  const meaning = KNOWN[errno]?.[0];
  return meaning === undefined ? errno : `${meaning} (${errno})`;
}
