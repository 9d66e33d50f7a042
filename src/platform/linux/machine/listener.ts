import { opendirSync, readdirSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { IS_LITTLE_ENDIAN } from '../byte-order.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { PortRange, PortUse } from '../../../operations/ports/port-use.ts';
import { identifyProcess } from '../table/identify.ts';
import { readProcLink } from '../table/proc-file.ts';
import { eachProcLine, readProcText } from '../table/proc-text.ts';

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';
/** The inode of a connection that no process has open any more. */
const CLOSED = '0';
/** How many open files of one process are checked; a process can have a million. */
const MOST_FILES = 65_536;

/**
 * The process that listens on a TCP port; undefined if none does, or it belongs to a user whose files are not readable.
 */
export function findListener(port: number): ProcessRow | undefined {
  return findHolder(socketsOn(port).filter(({ state }) => state === LISTEN));
}

/** A listener, else a connection whose local port it is: it keeps this machine from listening, too, also for a minute after its end. */
export function findPortUse({ host, port }: { readonly host: string; readonly port: number }): PortUse | undefined {
  const inTheWay = socketsOn(port).filter(({ address }) => overlaps(address, host));
  const listening = inTheWay.filter(({ state }) => state === LISTEN);
  if (listening.length > 0) return { kind: 'listens', process: findHolder(listening) };
  const open = inTheWay.filter(({ inode }) => inode !== CLOSED);
  if (open.length > 0) return { kind: 'is-connected', process: findHolder(open) };
  return inTheWay.length > 0 ? { kind: 'is-closing', process: undefined } : undefined;
}

/** The ports for outgoing connections of this network namespace. */
export function readOutgoingPorts(file = '/proc/sys/net/ipv4/ip_local_port_range'): PortRange | undefined {
  const [from, to] = (readProcText(file) ?? '').trim().split(/\s+/).map(Number);
  return from !== undefined && to !== undefined && from > 0 && to >= from ? { from, to } : undefined;
}

interface TcpSocket {
  /** In hexadecimal digits, as in `/proc/net/tcp`. */
  readonly address: string;
  readonly state: string;
  readonly inode: string;
}

function findHolder(sockets: readonly TcpSocket[]): ProcessRow | undefined {
  if (sockets.length === 0) return undefined;
  const links = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const pid = names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => holdsOne(`/proc/${name}/fd`, links));
  return pid === undefined ? undefined : identifyProcess(Number(pid));
}

/** The sockets of this machine with that local port. The kernel lists listening sockets first. */
function socketsOn(port: number): readonly TcpSocket[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found: TcpSocket[] = [];
  // No IPv6, or a /proc without net: no socket can be found.
  for (const table of ['tcp', 'tcp6']) {
    eachProcLine(`/proc/net/${table}`, (line) => {
      const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
      if (local.endsWith(suffix)) found.push({ address: local.slice(0, -suffix.length), state, inode });
    });
  }
  return found;
}

/** Whether two sockets on one port are in each other's way: their addresses are equal, or one is for all addresses. */
function overlaps(address: string, host: string): boolean {
  if (/^0+$/.test(address) || !isIPv4(host) || host === '0.0.0.0') return true;
  return address.endsWith(hexadecimal(host));
}

/** An IPv4 address as in `/proc/net/tcp`: in the byte order of the machine. */
function hexadecimal(host: string): string {
  const digits = host.split('.').map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'));
  return (IS_LITTLE_ENDIAN ? digits.reverse() : digits).join('');
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
