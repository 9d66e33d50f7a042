import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of cron daemons in `comm`; BusyBox shows the name of its applet. */
const DAEMONS = new Set(['cron', 'crond', 'fcron', 'dcron', 'bcron-sched']);

/** Whether a cron daemon runs; undefined on a system without `/proc`, or where other users' processes are hidden. */
export function isCronDaemonRunning(proc = '/proc'): boolean | undefined {
  let isInitSeen = false;
  try {
    for (const name of readdirSync(proc)) {
      if (!/^\d+$/.test(name)) continue;
      isInitSeen ||= name === '1';
      if (DAEMONS.has(commOf(join(proc, name)))) return true;
    }
  } catch {
    return undefined;
  }
  return isInitSeen ? false : undefined;
}

function commOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'comm'), 'utf8').trim();
  } catch {
    // The process has ended.
    return '';
  }
}
