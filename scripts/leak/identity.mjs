import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const isLinux = process.platform === 'linux';

/** Pid and start of a living process; undefined if it is gone or a zombie. */
export function identify(pid) {
  const row = isLinux ? rowFromProc(pid) : rowFromPs(pid);
  return row && { pid, start: row.start };
}

export function isAlive({ pid, start }) {
  return identify(pid)?.start === start;
}

/** Signals exactly this process, not a later one with its pid; false if it is gone. */
export function signalIfSame(identity, signal) {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Parent of a process; undefined if it is gone. */
export function parentOf(pid) {
  return (isLinux ? rowFromProc(pid) : rowFromPs(pid))?.ppid;
}

/** The living children of a process. */
export function childrenOf(pid) {
  return allPids().filter((candidate) => parentOf(candidate) === pid);
}

/** The owner mark for children of this process, with which its death can be proven; empty if that is not possible. */
export function ownerMarkOfSelf() {
  if (!isLinux) return '';
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  return `${process.pid}:${rowFromProc(process.pid).start}:${bootId}:${namespace}`;
}

function rowFromProc(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name is in parentheses and may contain some, so the fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // The first thread of a killed process can be dead while others still keep its children: the process is not gone yet.
  const isGone = fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1);
  return isGone ? undefined : { ppid: Number(fields[1]), start: fields[19] };
}

function rowFromPs(pid) {
  let line;
  try {
    const options = { encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, stdio: 'pipe' };
    line = execFileSync('ps', ['-o', 'state=,ppid=,lstart=', '-p', String(pid)], options).trim();
  } catch {
    return undefined;
  }
  const [state, ppid, ...start] = line.split(/\s+/);
  return state.startsWith('Z') ? undefined : { ppid: Number(ppid), start: start.join(' ') };
}

function allPids() {
  if (isLinux)
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  return execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).trim().split(/\s+/).map(Number);
}
