import type { ProcessRow } from '../../../core/process/snapshot.ts';

/** The fields of `/proc/PID/stat` that are used (proc_pid_stat(5)). */
export interface StatLine {
  readonly pid: number;
  /** `comm`: may contain any character, including `)`, spaces and line ends. */
  readonly name: string;
  readonly state: string;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly isKernelThread: boolean;
  /** Exiting: about to become a zombie, with or without memory. */
  readonly isExiting: boolean;
  /** CPU time used so far, user plus system, in clock ticks. */
  readonly cpuTicks: number;
  /** Number of living threads; includes the leader even if it is dead. */
  readonly threads: number;
  /** Clock ticks since boot, 100 per second. */
  readonly startTicks: number;
  /** Resident set, in pages. */
  readonly rssPages: number;
}

/** `PF_KTHREAD` in the kernel's `sched.h`. Pid 2 proves nothing: in a container it is an ordinary process. */
const KERNEL_THREAD_FLAG = 0x00200000;
/** `PF_EXITING`, set before the memory is released. */
const EXITING_FLAG = 0x00000004;

/**
 * The fields 1 to 24 of proc_pid_stat(5), and the blank that proves that the last of them is complete. The name ends at the last bracket
 * that a state and numbers follow; the kernel writes at most 64 bytes of it. A program that has just started reads most processes once;
 * there, one pattern takes half the time of splitting.
 */
const LINE =
  /^(\d+) \(([^]{0,64})\) ([A-Za-z]) (-?\d+) (-?\d+) (-?\d+) (?:-?\d+ ){2}(\d+) (?:\d+ ){4}(\d+) (\d+) (?:-?\d+ ){4}(-?\d+) -?\d+ (\d+) \d+ (-?\d+) /;

/** Parses the text of `/proc/PID/stat`; undefined if it is invalid or incomplete. */
export function parseStatLine(text: string): StatLine | undefined {
  const match = LINE.exec(text);
  if (match === null) return undefined;
  const [, pid, name = '', state = '', ppid, pgid, sid, flags, userTicks, systemTicks, threads, startTicks, rssPages] =
    match;
  return {
    pid: Number(pid),
    name,
    state,
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    isKernelThread: (Number(flags) & KERNEL_THREAD_FLAG) !== 0,
    isExiting: (Number(flags) & EXITING_FLAG) !== 0,
    cpuTicks: Number(userTicks) + Number(systemTicks),
    threads: Number(threads),
    startTicks: Number(startTicks),
    rssPages: Number(rssPages),
  };
}

/**
 * Whether a process has exited and is waiting to be reaped. A leader that ended before its other threads also has state
 * Z, but the process lives on in them.
 */
export function isZombie(line: Pick<StatLine, 'state' | 'threads'>): boolean {
  return line.state === 'X' || (line.state === 'Z' && line.threads <= 1);
}

/** The row with the fields of `stat`. The reader adds its wall-clock start and command line. */
export function rowOf(line: StatLine): ProcessRow {
  const { pid, ppid, pgid, sid, state, threads, startTicks, cpuTicks, name } = line;
  return { pid, ppid, pgid, sid, state, threads, startTicks, cpuTicks, startedAt: '', name, command: '' };
}
