import { statSync } from 'node:fs';
import { parseOwnerMark } from '../../../core/process/identity.ts';
import type { ProcessTable, SnapshotRequest } from '../../../operations/ports/process.ts';
import { MemoryKeeper } from '../table/memory-keeper.ts';
import { type LinuxNative, loadLinuxNative } from '../signal/native.ts';
import { type PidInodes, PidLister } from '../table/pid-listing.ts';
import { type RowsRead, takeSnapshot } from '../table/procfs-table.ts';
import { type RowDraft, RowReader } from '../table/row-reader.ts';

export interface ProcfsFollowerOptions {
  /** Where procfs is mounted. */
  readonly procRoot?: string;
  /** Everything is read anew when so much time has passed, in milliseconds; 10,000 unless told. */
  readonly fullEveryMs?: number;
  /** What is younger is read anew every time, in milliseconds; 5,000 unless told. */
  readonly settledAfterMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
  /** Null: as where koffi is missing. */
  readonly native?: LinuxNative | null;
}

/** How long an exec in a process that was long there, and had nothing to do with us, may stay unseen. */
const FULL_EVERY_MS = 10_000;
/** Between fork and exec a process looks like its parent; spawning takes milliseconds, under load perhaps a second. */
const SETTLED_AFTER_MS = 5_000;
const MS_PER_TICK = 10;

/**
 * The process table of Linux for somebody who reads it again and again. A row is taken over from the reading before if it is known
 * to be the same process, is older than a few seconds and had nothing to do with claude-mem or with what has; all others are read
 * anew each time, and now and then every row is.
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
        follower.settle(snapshot.nowTicks);
        resolve(snapshot);
      }),
  };
}

/** What is known of a row beside itself. */
interface RowState {
  /**
   * Of the `/proc/PID` it was read from; NaN where that is not known. It belongs to one process for good: the kernel makes a new one,
   * with the next number of a counter, for whoever gets the pid later.
   */
  inode: number;
  /** The reading that listed it last, and the one it was read in. */
  listedIn: number;
  readIn: number;
  /** It may be taken over: old enough, and nothing to do with claude-mem. */
  isSettled: boolean;
}

class Follower {
  readonly #procRoot: string;
  readonly #fullEveryMs: number;
  readonly #settledAfterTicks: number;
  readonly #now: () => number;
  readonly #memory: MemoryKeeper;
  readonly #native: LinuxNative | null | undefined;
  #lister: PidLister | undefined;
  /** Kept from one reading to the next and changed in place: to build them anew each time costs more than the readings do. */
  readonly #rows = new Map<number, RowDraft>();
  readonly #states = new Map<number, RowState>();
  #reading = 0;
  #question = '';
  #fullAt = -Infinity;
  /** Of this reading: what has to do with claude-mem, and what could not be read completely, which has to be counted each time. */
  readonly #readEachTime = new Set<number>();

  constructor(procRoot: string, options: ProcfsFollowerOptions) {
    this.#procRoot = procRoot;
    this.#fullEveryMs = options.fullEveryMs ?? FULL_EVERY_MS;
    this.#settledAfterTicks = (options.settledAfterMs ?? SETTLED_AFTER_MS) / MS_PER_TICK;
    this.#now = options.now ?? (() => performance.now());
    this.#memory = new MemoryKeeper(this.#now);
    this.#native = options.native;
  }

  /** Loads what it takes at the first reading, which may be long after the start. */
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
      const isKept = state?.isSettled === true && state.inode === inode && !isFull && !request.recordedPids.has(pid);
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

  /** From now on takes over what was read in this reading and is old enough by now. */
  settle(nowTicks: number): void {
    this.#states.forEach((state, pid) => {
      if (state.readIn !== this.#reading || Number.isNaN(state.inode) || this.#readEachTime.has(pid)) return;
      const { startTicks } = this.#rows.get(pid) ?? {};
      state.isSettled = startTicks !== undefined && nowTicks - startTicks >= this.#settledAfterTicks;
    });
  }

  /** What is kept answers one question: which directory, and of which processes the environment was read. */
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
      // It ends at this moment, or hidepid refuses the look: then it is read, which tells the two apart.
      return Number.NaN;
    }
  }

  /** @param inode of the directory before the row was read: should the pid be reused in between, the next reading sees another. */
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

  /** What reads as before is left as it is: new objects that live on until the next reading are what a heap grows by. */
  #keep(row: RowDraft, inode: number, isRelevant: boolean): void {
    const { pid } = row;
    const state = this.#states.get(pid);
    const before = this.#rows.get(pid);
    // One that is relevant is not read to its end yet.
    const isAsBefore = !isRelevant && before !== undefined && state?.inode === inode && isSameRow(before, row);
    if (!isAsBefore) this.#rows.set(pid, row);
    if (state === undefined) {
      this.#states.set(pid, { inode, listedIn: this.#reading, readIn: this.#reading, isSettled: false });
      return;
    }
    state.inode = inode;
    state.listedIn = this.#reading;
    state.readIn = this.#reading;
    state.isSettled = false;
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

  /** A parent changes only by its death: then it is listed no longer, or is another process under its pid, or a zombie. */
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
    // One that was taken over is the process it was.
    if (this.#states.get(ppid)?.readIn !== this.#reading) return this.#states.has(ppid);
    const parent = this.#rows.get(ppid);
    return parent !== undefined && parent.state !== 'Z' && (parent.startTicks ?? 0) <= startTicks;
  }

  /** Whoever has a word in the judgement of a row that matters: those above it, the leaders of its group and session, its owner. */
  #readAround(reader: RowReader): void {
    // Grows by what turns out to matter.
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

/** Rows that were looked at closer have lists, and are never the same. The start on the wall clock is filled in later. */
function isSameRow(before: RowDraft, now: RowDraft): boolean {
  const fields = Object.keys(now) as (keyof RowDraft)[];
  return (
    fields.length === Object.keys(before).length &&
    fields.every((field) => field === 'startedAt' || Object.is(before[field], now[field]))
  );
}
