import {
  identityKey,
  sightAgain,
  sightingsBefore,
  type Sightings,
  type StartedProcess,
  type WatchedOrigin,
} from '../../core/process/descent.ts';
import { isZombie } from '../../core/process/identity.ts';
import { ProcessIndex } from '../../core/process/process-index.ts';
import type { ProcessRow, ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { Clock, FindMarkHolders, ProcessTable } from '../ports/process.ts';
import type { IdentifyProcess } from '../ports/tree.ts';

/** Environment variable of the watched processes; its value is the id of the watch. Verdicts never use it. */
export const VERIFY_MARK = 'CLAUDE_MEM_VERIFY';

export interface WatchPorts {
  readonly table: ProcessTable;
  readonly findMarkHolders: FindMarkHolders;
  readonly identify: IdentifyProcess;
  readonly clock: Clock;
  /** Calls wait(2) for an adopted process that has ended; null if this process is not a subreaper. */
  readonly waitFor: ((pid: number) => void) | null;
}

export interface WatchOptions {
  /** Value of the mark. */
  readonly mark: string;
  readonly claimsChildren: boolean;
  /** Current pids of this process's children that belong to the watch. */
  readonly children: () => ReadonlySet<number>;
  /**
   * Whether to wait for an ended child here. Not for a child that Node.js spawned: Node.js would lose its exit status.
   * @param wasAdopted the child was seen under another parent before.
   */
  readonly mayWaitFor: (row: ProcessRow, wasAdopted: boolean) => boolean;
  /** Whether a process may stay. Its descendants may then stay too. */
  readonly isAllowed: (row: ProcessRow) => boolean;
}

/** The result of one reading. */
export interface WatchLook {
  /** Living processes that the watched command started and that must not stay. */
  readonly left: readonly StartedProcess[];
  /** Living processes that may stay. */
  readonly allowed: readonly StartedProcess[];
  readonly snapshot: ProcessSnapshot;
  /** False if the listing was incomplete or a relevant row could not be read. */
  readonly isComplete: boolean;
}

export interface SettledLook extends WatchLook {
  /** Milliseconds until no process was left; null if a process is left. */
  readonly settledMs: number | null;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * Follows all processes that this process starts from now on, or that its known children start. It recognizes them by mark and by descent,
 * and follows them through every change of parent.
 */
export class Watch {
  readonly #ports: WatchPorts;
  readonly #options: WatchOptions;
  #sightings: Sightings | undefined;

  private constructor(ports: WatchPorts, options: WatchOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * Records the existing processes. Call it before the watched command starts.
   * @throws ClaudeMemError `process-table-unreadable`.
   */
  static async begin(ports: WatchPorts, options: WatchOptions): Promise<Watch> {
    const watch = new Watch(ports, options);
    const snapshot = await watch.#readTable();
    watch.#sightings = sightingsBefore(snapshot, snapshot.self);
    return watch;
  }

  /** Takes one reading, and waits for adopted processes that have ended. */
  async look(): Promise<WatchLook> {
    const { alive, snapshot } = await this.follow();
    const described = alive.map((process) => ({ ...process, row: this.#describe(process.row) }));
    const allowed = this.#allowedOf(described, snapshot);
    return {
      left: described.filter(({ row }) => !allowed.has(row.pid)),
      allowed: described.filter(({ row }) => allowed.has(row.pid)),
      snapshot,
      isComplete: snapshot.complete && snapshot.unreadable === 0,
    };
  }

  /** The same without command lines, for use while the watched command runs. */
  async follow(): Promise<{ readonly alive: readonly StartedProcess[]; readonly snapshot: ProcessSnapshot }> {
    const { mark, claimsChildren, children } = this.#options;
    const snapshot = await this.#readTable();
    // After the reading: if a pid is reused in between, the mark is matched to the old start, which is gone. In the other order, the mark
    // of a dead process would be matched to an unrelated new one.
    const marked = await this.#ports.findMarkHolders(VERIFY_MARK, mark);
    const origin: WatchedOrigin = { pid: snapshot.self.pid, claimsChildren, children: children() };
    const before = this.#sightings ?? sightingsBefore(snapshot, origin);
    const { sightings, alive } = sightAgain(snapshot, before, { origin, marked });
    this.#sightings = sightings;
    this.#waitForEnded(snapshot, sightings);
    return { alive, snapshot };
  }

  /**
   * Takes readings until no process is left or the time limit passes. Two empty readings in a row are needed: a process that forks and
   * exits during a reading can be missing from it.
   */
  async settle(limitMs: number, interrupted?: AbortSignal): Promise<SettledLook> {
    const { clock } = this.#ports;
    const startedAt = clock.now();
    for (let pauseMs = FIRST_PAUSE_MS, quietLooks = 0; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const look = await this.look();
      const elapsedMs = clock.now() - startedAt;
      const isQuiet = look.left.length === 0;
      quietLooks = isQuiet ? quietLooks + 1 : 0;
      if (quietLooks === 2) return { ...look, settledMs: Math.round(elapsedMs) };
      // After one empty reading, the second one is always taken.
      if (!isQuiet && (elapsedMs >= limitMs || interrupted?.aborted === true)) return { ...look, settledMs: null };
      await clock.sleep(isQuiet ? 0 : Math.min(pauseMs, Math.max(0, limitMs - elapsedMs)));
    }
  }

  /** The data dirs named in the environments of these processes, which may have any name. */
  async dataDirsOf(processes: readonly StartedProcess[]): Promise<readonly string[]> {
    const keys = new Set(processes.map(({ row }) => identityKey(row)));
    const { processes: rows } = await this.#readTable(new Set(processes.map(({ row }) => row.pid)));
    const named = rows.filter((row) => keys.has(identityKey(row))).map(({ dataDirMark }) => dataDirMark);
    return [...new Set(named.filter((dataDir) => typeof dataDir === 'string'))];
  }

  #allowedOf(alive: readonly StartedProcess[], snapshot: ProcessSnapshot): ReadonlySet<number> {
    const wanted = alive.filter(({ row }) => this.#options.isAllowed(row));
    if (wanted.length === 0) return new Set();
    const index = new ProcessIndex(snapshot);
    return new Set(wanted.flatMap(({ row }) => [row, ...index.descendantsOf(row.pid)]).map(({ pid }) => pid));
  }

  /** Adds user and command line, which a reading contains for possible claude-mem processes only. */
  #describe(row: ProcessRow): ProcessRow {
    if (row.command !== '' && row.uid !== undefined) return row;
    const now = this.#ports.identify(row.pid);
    if (now === undefined || identityKey(now) !== identityKey(row)) return row;
    const { argv = [], command, uid } = now;
    return { ...row, argv, command, ...(uid === undefined ? {} : { uid }) };
  }

  /** @param wholly pids whose rows are read in full. */
  #readTable(wholly: ReadonlySet<number> = new Set()): Promise<ProcessSnapshot> {
    // Only pids and parents are needed here, so no data dir and no tree is given.
    return this.#ports.table.snapshot({
      dataDir: '/',
      recordedPids: wholly,
      oldestTreeTicks: Number.MAX_SAFE_INTEGER,
      memory: false,
    });
  }

  #waitForEnded({ processes, self }: ProcessSnapshot, { elsewhere }: Sightings): void {
    const { waitFor } = this.#ports;
    if (waitFor === null) return;
    for (const row of processes) {
      if (row.ppid !== self.pid || !isZombie(row)) continue;
      if (this.#options.mayWaitFor(row, elsewhere.has(identityKey(row)))) waitFor(row.pid);
    }
  }
}
