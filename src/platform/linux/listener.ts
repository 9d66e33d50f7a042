import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessRow } from '../../core/snapshot.ts';
import { identifyProcess } from './identify.ts';
import { readProcLink } from './proc-file.ts';

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';

/** The process that listens on a TCP port; undefined if nobody does, or it belongs to somebody whose files we may not read. */
export function findListener(port: number): ProcessRow | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(table, port)));
  if (sockets.size === 0) return undefined;
  const pid = names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => names(`/proc/${name}/fd`).some((fd) => sockets.has(readProcLink(`/proc/${name}/fd/${fd}`) ?? '')));
  return pid === undefined ? undefined : identifyProcess(Number(pid));
}

/** Links of the sockets that listen on that port, as they stand in `/proc/PID/fd`. */
function listeningSockets(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return lines(`/proc/net/${table}`)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    // No IPv6, or a /proc without net: nobody to be found there.
    return [];
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}
