/**
 * One row of the process table, as a reader saw it. A field that is absent was not read (another platform, an older
 * snapshot file); a mark that is `null` could not be read (the environment is hidden), which is not the same as "no mark".
 */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  /** Process group id. */
  readonly pgid?: number;
  /** Session id. */
  readonly sid?: number;
  /** Real user id of the owner. */
  readonly uid?: number;
  /** State letter as in `ps -o state` (`R S D T Z X I`). */
  readonly state?: string;
  /** Number of threads that still live. */
  readonly threads?: number;
  /** Inode of the pid namespace, digits only. */
  readonly pidNamespace?: string;
  /** Start in clock ticks since boot (Linux, `/proc/PID/stat` field 22, 100 ticks a second). */
  readonly startTicks?: number;
  /** Start on the wall clock, ISO 8601. Derived on Linux, so it moves with clock steps; `startTicks` does not. */
  readonly startedAt: string;
  /** Short name of the process (`comm`). */
  readonly name: string;
  /** Path of the executable. */
  readonly executable?: string;
  readonly argv?: readonly string[];
  /** The command line in one string, for people and for readers that have no argv. */
  readonly command: string;
  /** The command line is longer than what was read: `command` is its beginning, `argv` is absent, and neither compares as a whole. */
  readonly commandCut?: true;
  /** The environment is longer than what was read: marks beyond that are `null`. */
  readonly environmentCut?: true;
  /** `CLAUDE_MEM_TREE` of the environment at exec. */
  readonly treeMark?: string | null;
  /** `CLAUDE_MEM_OWNER` of the environment at exec. */
  readonly ownerMark?: string | null;
  /** `CLAUDE_MEM_ROLE` of the environment at exec. */
  readonly roleMark?: string | null;
  /** `CLAUDE_MEM_DATA_DIR` of the environment at exec, resolved. */
  readonly dataDirMark?: string | null;
  /** What the reader resolved the value of `--data-dir` to, where that differs from what is written. */
  readonly roleDirectory?: string;
  /** CPU time used so far, user and system, in clock ticks. */
  readonly cpuTicks?: number;
  readonly rssBytes?: number;
  readonly pssBytes?: number;
  readonly swapBytes?: number;
}

/** A file in which another installation of claude-mem records its processes; read as evidence, never written. */
export interface OtherRegistry {
  readonly file: string;
  /** The file's text; null where it is there and could not be read. */
  readonly content: string | null;
}

/** One reading of the process table. */
export interface ProcessSnapshot {
  /** When it was taken, ISO 8601. */
  readonly takenAt: string;
  /** "Now" in clock ticks since boot; ages are counted from it. */
  readonly nowTicks?: number;
  /** Which reader took it: `procfs`, `ps-list`, `cim` or `file`. */
  readonly source: string;
  /** As `process.platform`. */
  readonly platform: string;
  /** Hash of the machine's id. */
  readonly machineId?: string;
  readonly bootId?: string;
  /** Pid namespace of the reader, digits only. */
  readonly pidNamespace?: string;
  /** Whether the listing of pids itself was complete. */
  readonly complete: boolean;
  /** Rows that matter and of which stat or command line could not be read, or not to the end. */
  readonly unreadable: number;
  readonly self: { readonly pid: number; readonly uid?: number };
  /**
   * How far apart two readings of the same start may lie, in milliseconds. 0: exact (ticks); about 1,000 where starts come from
   * `ps -o lstart`.
   */
  readonly startPrecisionMs?: number;
  readonly processes: readonly ProcessRow[];
}
