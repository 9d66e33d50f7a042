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
 * The fields 3 to 24 of the line; the first space follows the name. One pattern is seven times faster than a loop over the characters in a
 * program that has just started, whose loops V8 still interprets.
 */
const FIELDS =
  /^ (.) (-?\d+) (-?\d+) (-?\d+) \S+ \S+ (\d+) \S+ \S+ \S+ \S+ (\d+) (\d+) \S+ \S+ \S+ \S+ (\d+) \S+ (\d+) \S+ (-?\d+)\s/;

/** Parses the text of `/proc/PID/stat`; undefined if it is invalid or incomplete. */
export function parseStatLine(text: string): StatLine | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 2 || close < open) return undefined;
  const pid = Number(text.slice(0, open - 1));
  const fields = FIELDS.exec(text.slice(close + 1));
  if (fields === null || !Number.isSafeInteger(pid)) return undefined;
  const flags = Number(fields[5]);
  return {
    pid,
    name: text.slice(open + 1, close),
    state: fields[1] ?? '',
    ppid: Number(fields[2]),
    pgid: Number(fields[3]),
    sid: Number(fields[4]),
    isKernelThread: (flags & KERNEL_THREAD_FLAG) !== 0,
    isExiting: (flags & EXITING_FLAG) !== 0,
    cpuTicks: Number(fields[6]) + Number(fields[7]),
    threads: Number(fields[8]),
    startTicks: Number(fields[9]),
    rssPages: Number(fields[10]),
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
