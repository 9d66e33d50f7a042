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
 * Parses the text of `/proc/PID/stat`; undefined if it is invalid or incomplete. Runs for every process, so it walks
 * from space to space: splitting the line and converting 50 fields takes twice as long.
 */
export function parseStatLine(text: string): StatLine | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 2 || close < open) return undefined;
  const fields = new FieldCursor(text, close + 2);
  // In line order: the cursor only moves forward.
  const [ppid, pgid, sid, flags] = [fields.number(4), fields.number(5), fields.number(6), fields.number(9)];
  const line = {
    pid: Number(text.slice(0, open - 1)),
    name: text.slice(open + 1, close),
    state: text.charAt(close + 2),
    ppid,
    pgid,
    sid,
    isKernelThread: (flags & KERNEL_THREAD_FLAG) !== 0,
    isExiting: (flags & EXITING_FLAG) !== 0,
    cpuTicks: fields.number(14) + fields.number(15),
    threads: fields.number(20),
    startTicks: fields.number(22),
    rssPages: fields.number(24),
  };
  return isWhole(line) ? line : undefined;
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

/** A truncated line gives NaN for every field after its end, so the last field vouches for all. */
function isWhole(line: StatLine): boolean {
  return (
    Number.isSafeInteger(line.pid) &&
    Number.isSafeInteger(line.ppid) &&
    Number.isSafeInteger(line.threads) &&
    Number.isSafeInteger(line.startTicks) &&
    Number.isSafeInteger(line.rssPages)
  );
}

/** Walks forward through the fields of a stat line, starting with field 3. */
class FieldCursor {
  readonly #text: string;
  #field = 3;
  #position: number;

  constructor(text: string, position: number) {
    this.#text = text;
    this.#position = position;
  }

  /** The value of a field ahead; NaN if the line ends before the end of the field. */
  number(field: number): number {
    for (; this.#field < field; this.#field += 1) {
      const blank = this.#text.indexOf(' ', this.#position);
      if (blank < 0) return Number.NaN;
      this.#position = blank + 1;
    }
    return this.#parse();
  }

  /** Digit by digit: creating a substring for each field costs more than the rest of the line. */
  #parse(): number {
    // A process group or session outside this namespace is -1 on some kernels.
    const isNegative = this.#text.charCodeAt(this.#position) === MINUS;
    let value = 0;
    for (let position = this.#position + Number(isNegative); position < this.#text.length; position += 1) {
      const digit = this.#text.charCodeAt(position) - ZERO;
      if (digit === BLANK) return isNegative ? -value : value;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return Number.NaN;
  }
}

const MINUS = 0x2d;
const ZERO = 0x30;
/** A space, as a digit. */
const BLANK = 0x20 - ZERO;
