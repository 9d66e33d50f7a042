import { listPids } from './pid-listing.ts';
import { readProcArguments } from './proc-file.ts';

/**
 * Pids of processes whose environment contains exactly this variable and value. Skips unreadable environments (another
 * user's, a protected program's). Searches the first 128 KiB of each.
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

/** Matches a whole variable, not the end of another one's value. */
function holds(environ: Buffer, entry: Buffer): boolean {
  for (let at = environ.indexOf(entry); at >= 0; at = environ.indexOf(entry, at + 1)) {
    if (at === 0 || environ[at - 1] === 0) return true;
  }
  return false;
}
