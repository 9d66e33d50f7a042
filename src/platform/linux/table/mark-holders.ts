import { listPids } from './pid-listing.ts';
import { readProcArguments } from './proc-file.ts';

/**
 * Pids whose environment holds exactly this variable with this value. Environments that may not be read (another user's, a program
 * that protects itself) hold nothing that could be found, and of a longer one the first 128 KiB are searched.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export function findMarkHolders(variable: string, value: string, procRoot = '/proc'): Promise<ReadonlySet<number>> {
  const entry = Buffer.from(`${variable}=${value}\0`);
  const found = listPids(procRoot).filter((pid) => {
    const environ = readProcArguments(`${procRoot}/${pid}/environ`);
    return typeof environ !== 'string' && holds(environ.bytes, entry);
  });
  return Promise.resolve(new Set(found));
}

/** A whole variable, and not the end of another one's value. */
function holds(environ: Buffer, entry: Buffer): boolean {
  for (let at = environ.indexOf(entry); at >= 0; at = environ.indexOf(entry, at + 1)) {
    if (at === 0 || environ[at - 1] === 0) return true;
  }
  return false;
}
