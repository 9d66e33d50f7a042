import { opendirSync, readdirSync } from 'node:fs';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import { identifyProcess } from '../table/identify.ts';
import { readProcLink } from '../table/proc-file.ts';
import { eachProcLine } from '../table/proc-text.ts';

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';
/** How many open files of one process are checked; a process can have a million. */
const MOST_FILES = 65_536;

/**
 * The process that listens on a TCP port; undefined if none does, or it belongs to a user whose files are not readable.
 */
export function findListener(port: number): ProcessRow | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(table, port)));
  if (sockets.size === 0) return undefined;
  const pid = names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => holdsOne(`/proc/${name}/fd`, sockets));
  return pid === undefined ? undefined : identifyProcess(Number(pid));
}

/** The links of sockets that listen on that port, as in `/proc/PID/fd`. The kernel lists listening sockets first. */
function listeningSockets(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found: string[] = [];
  // No IPv6, or a /proc without net: no listener can be found.
  eachProcLine(`/proc/net/${table}`, (line) => {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN) found.push(`socket:[${fields[9] ?? ''}]`);
  });
  return found;
}

function holdsOne(folder: string, sockets: ReadonlySet<string>): boolean {
  try {
    const directory = opendirSync(folder);
    try {
      for (let looked = 0; looked < MOST_FILES; looked += 1) {
        const entry = directory.readSync();
        if (entry === null) return false;
        if (sockets.has(readProcLink(`${folder}/${entry.name}`) ?? '')) return true;
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    // The process is gone or belongs to another user.
  }
  return false;
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The process is gone or belongs to another user.
    return [];
  }
}
