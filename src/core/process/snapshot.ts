import type { Channels } from './channels.ts';

/**
 * One row of the process table. An absent field was not read (another platform, an older snapshot file, or no such mark). A mark that is
 * `null` could not be read, because the environment is hidden.
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
  /** Number of live threads. */
  readonly threads?: number;
  /** Inode of the pid namespace, digits only. */
  readonly pidNamespace?: string;
  /** Start in ticks: on Linux 100 a second since boot (`/proc/PID/stat` field 22), on Windows 10 million a second since 2020. */
  readonly startTicks?: number;
  /** Start on the wall clock, ISO 8601. Computed on Linux, so clock steps move it; `startTicks` is stable. */
  readonly startedAt: string;
  /** Short name of the process (`comm`). */
  readonly name: string;
  /** Path of the executable. */
  readonly executable?: string;
  readonly argv?: readonly string[];
  /** The command line as one string, for people and for readers without argv. */
  readonly command: string;
  /** The command line is longer than the read limit: `command` is its beginning, `argv` is absent. Never compare it as a whole. */
  readonly commandCut?: true;
  /** The environment is longer than the read limit: marks beyond it are `null`. */
  readonly environmentCut?: true;
  /** `CLAUDE_MEM_TREE` of the environment at exec. */
  readonly treeMark?: string | null;
  /** `CLAUDE_MEM_OWNER` of the environment at exec. */
  readonly ownerMark?: string | null;
  /** `CLAUDE_MEM_ROLE` of the environment at exec. */
  readonly roleMark?: string | null;
  /** `CLAUDE_MEM_DATA_DIR` of the environment at exec, resolved. */
  readonly dataDirMark?: string | null;
  /** The resolved value of `--data-dir`, if it differs from the written one. */
  readonly roleDirectory?: string;
  /** Whether other processes hold the other ends of stdin and stdout. Read only where a verdict depends on it. */
  readonly channels?: Channels;
  /** CPU time used so far, user and system, in clock ticks. */
  readonly cpuTicks?: number;
  readonly rssBytes?: number;
  readonly pssBytes?: number;
  readonly swapBytes?: number;
}

/** A registry file of another claude-mem installation. Read as evidence, never written. */
export interface OtherRegistry {
  readonly file: string;
  /** The file's text; null if the file exists but could not be read. */
  readonly content: string | null;
}

/** One reading of the process table. */
export interface ProcessSnapshot {
  /** Time of the reading, ISO 8601. */
  readonly takenAt: string;
  /** "Now" in clock ticks since boot; ages are counted from it. */
  readonly nowTicks?: number;
  /** Reader: `procfs`, `ps-list`, `native`, `cim` or `file`. */
  readonly source: string;
  /** As `process.platform`. */
  readonly platform: string;
  /** Hash of the machine's id. Few comparisons need it, so a reader may compute it when it is asked for. */
  readonly machineId?: string | undefined;
  readonly bootId?: string;
  /** Pid namespace of the reader, digits only. */
  readonly pidNamespace?: string;
  /** Whether the listing of pids was complete. */
  readonly complete: boolean;
  /** Number of relevant rows whose stat or command line could not be read in full. */
  readonly unreadable: number;
  readonly self: { readonly pid: number; readonly uid?: number };
  /**
   * Largest difference between two readings of the same start, in milliseconds. 0: exact (ticks); about 1,000 for starts from `ps -o
   * lstart`.
   */
  readonly startPrecisionMs?: number;
  readonly processes: readonly ProcessRow[];
}
