import { statSync } from 'node:fs';
import { parseOwnerMark } from '../../../core/process/identity.ts';
import type { ProcessTable, SnapshotRequest } from '../../../operations/ports/process.ts';
import { MemoryKeeper } from '../table/memory-keeper.ts';
import { type LinuxNative, loadLinuxNative } from '../signal/native.ts';
import { type PidInodes, PidLister } from '../table/pid-listing.ts';
import { type RowsRead, takeSnapshot } from '../table/procfs-table.ts';
import { createDetails } from '../table/details.ts';
import { type MeasureMemory, type RowDraft, RowReader } from '../table/row-reader.ts';

export interface ProcfsFollowerOptions {
  /** Mount point of procfs. */
  readonly procRoot?: string;
  /** Interval after which everything is read again, in milliseconds; default 20,000. */
  readonly fullEveryMs?: number;
  /** Younger processes are read again every time, in milliseconds; default 5,000. */
  readonly stableAfterMs?: number;
  /** Monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** Null behaves as if koffi were missing. */
  readonly native?: LinuxNative | null;
}

/** How long an exec in an old, unrelated process may go unnoticed, in milliseconds. */
const FULL_EVERY_MS = 20_000;
/**
 * In milliseconds. Between fork and exec a process looks like its parent; this takes milliseconds, under load about a
 * second.
 */
const STABLE_AFTER_MS = 5_000;
const MS_PER_TICK = 10;

/**
 * The Linux process table for repeated reading. Reuses a row if it is known to be the same process, is older than a few
 * seconds, and is unrelated to claude-mem processes and their relatives. All other rows are read again each time, and
 * periodically every row is.
 */
export function createProcfsFollower(options: ProcfsFollowerOptions = {}): ProcessTable {
  const { procRoot = '/proc' } = options;
  const follower = new Follower(procRoot, options);
  return {
    source: 'procfs',
    snapshot: (request) =>
      new Promise((resolve) => {
        const snapshot = takeSnapshot(procRoot, {
          list: () => follower.list(),
          read: (pids) => follower.readRows(pids, request),
        });
        follower.markStable(snapshot.nowTicks);
        resolve(snapshot);
      }),
    ...createDetails({ procRoot, measure: follower.measure }),
  };
}

/** Bookkeeping for one row. */
interface RowState {
  /**
   * Inode of the `/proc/PID` the row was read from; NaN if unknown. It belongs to one process: the kernel allocates the
   * next inode number for a later process with the same pid.
   */
  inode: number;
  /** The reading that last listed the row, and the one that read it. */
  listedIn: number;
  readIn: number;
  /** Whether the row may be reused: old enough and unrelated to claude-mem. */
  isStable: boolean;
}

class Follower {
  readonly #procRoot: string;
  readonly #fullEveryMs: number;
  readonly #settledAfterTicks: number;
  readonly #now: () => number;
  readonly #memory: MemoryKeeper;
  readonly #native: LinuxNative | null | undefined;
  #lister: PidLister | undefined;
  /** Reused and changed in place, because building them again for every reading costs more than the reading itself. */
  readonly #rows = new Map<number, RowDraft>();
  readonly #states = new Map<number, RowState>();
  #reading = 0;
  #question = '';
  #fullAt = -Infinity;
  /** Rows of this reading that are relevant, or were not read completely and must be counted each time. */
  readonly #readEachTime = new Set<number>();

  constructor(procRoot: string, options: ProcfsFollowerOptions) {
    this.#procRoot = procRoot;
    this.#fullEveryMs = options.fullEveryMs ?? FULL_EVERY_MS;
    this.#settledAfterTicks = (options.stableAfterMs ?? STABLE_AFTER_MS) / MS_PER_TICK;
    this.#now = options.now ?? (() => performance.now());
    this.#memory = new MemoryKeeper(this.#now);
    this.#native = options.native;
  }

  /** Measures one process again only if its memory may have changed. */
  readonly measure: MeasureMemory = (row, directory) => this.#memory.measure(row, directory);

  /** Loads its dependencies at the first reading, which may be long after the start. */
  list(): PidInodes {
    this.#lister ??= new PidLister(this.#procRoot, this.#native === undefined ? loadLinuxNative() : this.#native);
    return this.#lister.list();
  }

  readRows(listing: PidInodes, request: SnapshotRequest): RowsRead {
    const isFull = this.#isFullDue(request);
    const reader = new RowReader(this.#procRoot, request, this.#memory.measure);
    this.#reading += 1;
    this.#readEachTime.clear();
    for (let index = 0; index < listing.count; index += 1) {
      const pid = listing.pids[index] ?? 0;
      const listed = listing.inodes[index] ?? Number.NaN;
      const inode = Number.isNaN(listed) ? this.#inodeOf(pid) : listed;
      const state = this.#states.get(pid);
      const isKept = state?.isStable === true && state.inode === inode && !isFull && !request.recordedPids.has(pid);
      if (isKept) state.listedIn = this.#reading;
      else this.#read(pid, inode, reader);
    }
    this.#forgetUnlisted();
    this.#readAdopted(reader);
    this.#readAround(reader);
    reader.complete(this.#rows);
    this.#memory.forgetAllBut(this.#rows);
    for (const { pid } of reader.relevant) this.#readEachTime.add(pid);
    return { rows: this.#rows, unreadable: reader.unreadable };
  }

  /** Allows later readings to reuse the rows of this reading that are old enough now. */
  markStable(nowTicks: number): void {
    this.#states.forEach((state, pid) => {
      if (state.readIn !== this.#reading || Number.isNaN(state.inode) || this.#readEachTime.has(pid)) return;
      const { startTicks } = this.#rows.get(pid) ?? {};
      state.isStable = startTicks !== undefined && nowTicks - startTicks >= this.#settledAfterTicks;
    });
  }

  /** Cached rows are valid for one data dir and one limit for environments. */
  #isFullDue({ dataDir, oldestTreeTicks }: SnapshotRequest): boolean {
    const question = `${oldestTreeTicks ?? ''} ${dataDir}`;
    const now = this.#now();
    if (question === this.#question && now - this.#fullAt < this.#fullEveryMs) return false;
    this.#question = question;
    this.#fullAt = now;
    return true;
  }

  #inodeOf(pid: number): number {
    try {
      return statSync(`${this.#procRoot}/${pid}`, { throwIfNoEntry: false })?.ino ?? Number.NaN;
    } catch {
      // The process is ending, or hidepid hides it. Reading the row distinguishes the two.
      return Number.NaN;
    }
  }

  /**
   * @param inode inode of the directory before the row was read. If the pid is reused meanwhile, the next reading sees
   * another inode.
   */
  #read(pid: number, inode: number, reader: RowReader): void {
    const unreadableBefore = reader.unreadable;
    const row = reader.read(pid);
    if (row === undefined) {
      this.#rows.delete(pid);
      this.#states.delete(pid);
      return;
    }
    this.#keep(row, inode, reader.relevant.at(-1) === row);
    if (reader.unreadable !== unreadableBefore) this.#readEachTime.add(pid);
  }

  /** Keeps the old object if nothing changed: objects that live until the next reading make the heap grow. */
  #keep(row: RowDraft, inode: number, isRelevant: boolean): void {
    const { pid } = row;
    const state = this.#states.get(pid);
    const before = this.#rows.get(pid);
    // A relevant row is not read completely yet.
    const isAsBefore = !isRelevant && before !== undefined && state?.inode === inode && isSameRow(before, row);
    if (!isAsBefore) this.#rows.set(pid, row);
    if (state === undefined) {
      this.#states.set(pid, { inode, listedIn: this.#reading, readIn: this.#reading, isStable: false });
      return;
    }
    state.inode = inode;
    state.listedIn = this.#reading;
    state.readIn = this.#reading;
    state.isStable = false;
  }

  #readAgain(pid: number | undefined, reader: RowReader): void {
    const state = pid === undefined ? undefined : this.#states.get(pid);
    if (pid !== undefined && state !== undefined && state.readIn !== this.#reading)
      this.#read(pid, this.#inodeOf(pid), reader);
  }

  #forgetUnlisted(): void {
    this.#states.forEach((state, pid) => {
      if (state.listedIn === this.#reading) return;
      this.#states.delete(pid);
      this.#rows.delete(pid);
    });
  }

  /**
   * A parent changes only by its death. Then it is no longer listed, is another process with its pid, or is a zombie.
   */
  #readAdopted(reader: RowReader): void {
    const adopted: number[] = [];
    this.#states.forEach((state, pid) => {
      if (state.readIn === this.#reading) return;
      const row = this.#rows.get(pid);
      if (row !== undefined && row.ppid !== 0 && !this.#isStillParent(row)) adopted.push(pid);
    });
    for (const pid of adopted) this.#readAgain(pid, reader);
  }

  #isStillParent({ ppid, startTicks = 0 }: RowDraft): boolean {
    // A reused row is the same process.
    if (this.#states.get(ppid)?.readIn !== this.#reading) return this.#states.has(ppid);
    const parent = this.#rows.get(ppid);
    return parent !== undefined && parent.state !== 'Z' && (parent.startTicks ?? 0) <= startTicks;
  }

  /**
   * Reads every process that affects the verdict on a relevant row: its ancestors, the leaders of its process group and
   * session, and its owner.
   */
  #readAround(reader: RowReader): void {
    // The list grows while new relevant rows are found.
    for (const row of reader.relevant) {
      for (const pid of [row.pgid, row.sid, parseOwnerMark(row.ownerMark)?.pid]) this.#readAgain(pid, reader);
      const seen = new Set<number>();
      for (let pid = row.ppid; pid > 0 && !seen.has(pid); pid = this.#rows.get(pid)?.ppid ?? 0) {
        seen.add(pid);
        this.#readAgain(pid, reader);
      }
    }
  }
}

/** Rows that were read in detail contain lists and never compare as equal. The wall-clock start is filled in later. */
function isSameRow(before: RowDraft, now: RowDraft): boolean {
  const fields = Object.keys(now) as (keyof RowDraft)[];
  return (
    fields.length === Object.keys(before).length &&
    fields.every((field) => field === 'startedAt' || Object.is(before[field], now[field]))
  );
}
