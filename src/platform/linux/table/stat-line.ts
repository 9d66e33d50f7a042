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

/** The fields 3 to 24, and another that proves that the last of them is complete. Splitting is quicker than a pattern. */
const FIELDS = 23;

/** Parses the text of `/proc/PID/stat`; undefined if it is invalid or incomplete. */
export function parseStatLine(text: string): StatLine | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 2 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ', FIELDS);
  const state = fields[0] ?? '';
  // Number('') is 0, which would be a false start. The last field only proves that the others are complete.
  const isWhole = fields.length === FIELDS && fields.lastIndexOf('', FIELDS - 2) === -1;
  if (!isWhole || state.length !== 1) return undefined;
  const pid = Number(text.slice(0, open - 1));
  /** By the numbers of proc_pid_stat(5). */
  const field = (number: number) => Number(fields[number - 3]);
  const flags = field(9);
  const line = {
    pid,
    name: text.slice(open + 1, close),
    state,
    ppid: field(4),
    pgid: field(5),
    sid: field(6),
    isKernelThread: (flags & KERNEL_THREAD_FLAG) !== 0,
    isExiting: (flags & EXITING_FLAG) !== 0,
    cpuTicks: field(14) + field(15),
    threads: field(20),
    startTicks: field(22),
    rssPages: field(24),
  };
  const { ppid, pgid, sid, cpuTicks, threads, startTicks, rssPages } = line;
  return Number.isFinite(pid + flags + ppid + pgid + sid + cpuTicks + threads + startTicks + rssPages)
    ? line
    : undefined;
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
