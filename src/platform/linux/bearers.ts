import { listPids } from './pid-listing.ts';
import { readProcFile } from './proc-file.ts';

/**
 * Pids whose environment holds exactly this variable with this value. Environments that may not be read (another user's, a program
 * that protects itself) hold nothing that could be found.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export function findBearers(variable: string, value: string, procRoot = '/proc'): Promise<ReadonlySet<number>> {
  const entry = Buffer.from(`${variable}=${value}\0`);
  const found = listPids(procRoot).filter((pid) => {
    const environ = readProcFile(`${procRoot}/${pid}/environ`);
    return typeof environ !== 'string' && holds(environ, entry);
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
