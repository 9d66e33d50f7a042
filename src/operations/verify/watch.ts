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

/** Stands in the environment of what is watched; its value names the watch. Nothing that judges leaks reads it. */
export const VERIFY_MARK = 'CLAUDE_MEM_VERIFY';

export interface WatchPorts {
  readonly table: ProcessTable;
  readonly findMarkHolders: FindMarkHolders;
  readonly identify: IdentifyProcess;
  readonly clock: Clock;
  /** Waits for an adopted process that has ended; null where nothing is adopted. */
  readonly waitFor: ((pid: number) => void) | null;
}

export interface WatchOptions {
  /** Value of the mark. */
  readonly mark: string;
  readonly claimsChildren: boolean;
  /** Pids of its children that are known to have been started by what is watched, as of now. */
  readonly children: () => ReadonlySet<number>;
  /**
   * Whether an ended child may be waited for here. One that Node.js spawned may not: its exit would be stolen from it.
   * @param wasAdopted it was seen under another parent before.
   */
  readonly mayWaitFor: (row: ProcessRow, wasAdopted: boolean) => boolean;
  /** Whether it is wanted; what hangs below it is then wanted too. */
  readonly isAllowed: (row: ProcessRow) => boolean;
}

/** What one look brought up. */
export interface WatchLook {
  /** Was started by what is watched, lives, and is not wanted. */
  readonly left: readonly StartedProcess[];
  /** Lives and may. */
  readonly allowed: readonly StartedProcess[];
  readonly snapshot: ProcessSnapshot;
  /** False if the listing was incomplete or a row that matters could not be read. */
  readonly isComplete: boolean;
}

export interface SettledLook extends WatchLook {
  /** Until nothing was left, in milliseconds; null if something is. */
  readonly settledMs: number | null;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * Follows what is started from here on by this process (or what of it is known as a child): by the mark in its environment and by
 * descent, and through every later change of parent.
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
   * Notes what is there already. Call it before anything is started.
   * @throws ClaudeMemError `process-table-unreadable`.
   */
  static async begin(ports: WatchPorts, options: WatchOptions): Promise<Watch> {
    const watch = new Watch(ports, options);
    const snapshot = await watch.#readTable();
    watch.#sightings = sightingsBefore(snapshot, snapshot.self);
    return watch;
  }

  /** One look; what has ended and was adopted is waited for on the way. */
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

  /** The same without the command lines: for while what is watched still runs. */
  async follow(): Promise<{ readonly alive: readonly StartedProcess[]; readonly snapshot: ProcessSnapshot }> {
    const { mark, claimsChildren, children } = this.#options;
    const snapshot = await this.#readTable();
    // After the reading: a pid that is used again in between then names, with the start that was read, somebody who is gone. The other
    // way round a stranger would be taken for what bore the mark.
    const marked = await this.#ports.findMarkHolders(VERIFY_MARK, mark);
    const origin: WatchedOrigin = { pid: snapshot.self.pid, claimsChildren, children: children() };
    const before = this.#sightings ?? sightingsBefore(snapshot, origin);
    const { sightings, alive } = sightAgain(snapshot, before, { origin, marked });
    this.#sightings = sightings;
    this.#waitForEnded(snapshot, sightings);
    return { alive, snapshot };
  }

  /**
   * Looks until nothing is left or the time is up. Nothing left means two looks in a row: a process that forks and ends while it is
   * looked for can slip through one.
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
      // The second of two quiet looks is always taken.
      if (!isQuiet && (elapsedMs >= limitMs || interrupted?.aborted === true)) return { ...look, settledMs: null };
      await clock.sleep(isQuiet ? 0 : Math.min(pauseMs, Math.max(0, limitMs - elapsedMs)));
    }
  }

  /** The data dirs that these name in their environments, whatever the programs are called. */
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

  /** Fills in owner and command line, which a reading has only of what can be a claude-mem. */
  #describe(row: ProcessRow): ProcessRow {
    if (row.command !== '' && row.uid !== undefined) return row;
    const now = this.#ports.identify(row.pid);
    if (now === undefined || identityKey(now) !== identityKey(row)) return row;
    const { argv = [], command, uid } = now;
    return { ...row, argv, command, ...(uid === undefined ? {} : { uid }) };
  }

  /** @param wholly of these everything is read. */
  #readTable(wholly: ReadonlySet<number> = new Set()): Promise<ProcessSnapshot> {
    // No data dir and no tree is asked about here: only who is there, and under whom.
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
