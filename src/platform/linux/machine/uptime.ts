import { uptime } from 'node:os';
import { readProcText } from '../table/proc-text.ts';

/** Seconds since the boot, suspended time included, like the start times in `/proc`. A container may fake both. */
export function readUptime(procRoot = '/proc'): number {
  const seconds = Number.parseFloat(readProcText(`${procRoot}/uptime`) ?? '');
  // Node.js reads the same file, and asks the kernel if there is none.
  return Number.isFinite(seconds) ? seconds : uptime();
}
