import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { readLockHolder } from './lock-holder.ts';

/** Whether another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  const code = errnoOf(error);
  return code !== undefined && /^SQLITE_(?:BUSY|LOCKED)/.test(code);
}

export function heldByThisProcess(path: string): ClaudeMemError {
  return new ClaudeMemError('lock-held', `this process (pid ${process.pid}) already holds or awaits the lock ${path}`, {
    hint: 'This is a bug in claude-mem: a process takes a lock only once.',
  });
}

export function heldByAnother(path: string): ClaudeMemError {
  const holder = readLockHolder(path);
  const who =
    holder === undefined ? 'an unknown process' : `pid ${holder.pid} (${holder.command}) since ${holder.since}`;
  return new ClaudeMemError('lock-held', `${path} is held by ${who}`, {
    hint: 'Wait until that process is done, then try again.',
  });
}

/** Translates an error of SQLite on a lock file. */
export function lockFileError(path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const code = errnoOf(error) ?? '';
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new ClaudeMemError('io', `${path} is damaged: it is not a lock file`, {
      hint: 'The file contains no data. Make sure that no claude-mem runs on this data dir, then remove the file and try again.',
      cause: error,
    });
  }
  if (code === 'SQLITE_FULL') {
    return new ClaudeMemError('io', `cannot take the lock ${path}: no space left on the device`, {
      hint: 'Free some disk space and try again.',
      cause: error,
    });
  }
  const reason = messageOf(error);
  return new ClaudeMemError('io', `cannot take the lock ${path}: ${reason}`, {
    hint: 'Check that it is a regular file that this user may read and write.',
    cause: error,
  });
}
