import { statSync } from 'node:fs';
import { parseOwnerMark } from '../../core/identity.ts';
import type { ProcessTable, SnapshotRequest } from '../../operations/ports.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import { type LinuxNative, loadLinuxNative } from './native.ts';
import { type PidInodes, PidLister } from './pid-listing.ts';
import { type RowsRead, takeSnapshot } from './procfs-table.ts';
import { type RowDraft, RowReader } from './row-reader.ts';

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

/**
 * A row that may be taken over, and the inode of the `/proc/PID` it was read from. That belongs to one process for good: the kernel
 * makes a new one, with the next number of a counter, for whoever gets the pid later.
 */
interface Kept {
  readonly row: RowDraft;
  readonly inode: number;
}

class Follower {
  readonly #procRoot: string;
  readonly #fullEveryMs: number;
  readonly #settledAfterTicks: number;
  readonly #now: () => number;
  readonly #memory: MemoryKeeper;
  readonly #native: LinuxNative | null | undefined;
  #lister: PidLister | undefined;
  #kept = new Map<number, Kept>();
  /** Read in this reading, not yet known to be old enough. */
  #candidates = new Map<number, Kept>();
  #question = '';
  #fullAt = -Infinity;

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

  readRows(pids: PidInodes, request: SnapshotRequest): RowsRead {
    this.#forgetIfDue(request);
    const reader = new RowReader(this.#procRoot, request, this.#memory.measure);
    const reading = new Reading(reader, (pid) => this.#inodeOf(pid));
    const before = this.#kept;
    for (const [pid, listed] of pids) {
      const kept = before.get(pid);
      const inode = listed ?? this.#inodeOf(pid);
      if (kept !== undefined && kept.inode === inode && !request.recordedPids.has(pid)) reading.takeOver(kept);
      else reading.read(pid, inode);
    }
    reading.readAdopted();
    reading.readAround();
    this.#kept = reading.kept();
    this.#candidates = reading.candidates();
    reader.complete(reading.rows);
    this.#memory.forgetAllBut(reading.rows);
    return { rows: reading.rows, unreadable: reader.unreadable };
  }

  /** Keeps what was read in this reading and is old enough by now. */
  settle(nowTicks: number): void {
    for (const [pid, candidate] of this.#candidates) {
      const { startTicks } = candidate.row;
      if (startTicks !== undefined && nowTicks - startTicks >= this.#settledAfterTicks) this.#kept.set(pid, candidate);
    }
    this.#candidates.clear();
  }

  /** What is kept answers one question: which directory, and of which processes the environment was read. */
  #forgetIfDue({ dataDir, oldestTreeTicks }: SnapshotRequest): void {
    const question = `${oldestTreeTicks ?? ''} ${dataDir}`;
    const now = this.#now();
    if (question === this.#question && now - this.#fullAt < this.#fullEveryMs) return;
    this.#question = question;
    this.#fullAt = now;
    this.#kept.clear();
  }

  #inodeOf(pid: number): number | undefined {
    try {
      return statSync(`${this.#procRoot}/${pid}`, { throwIfNoEntry: false })?.ino;
    } catch {
      // It ends at this moment, or hidepid refuses the look: then it is read, which tells the two apart.
      return undefined;
    }
  }
}

/** The rows of one reading, some taken over and some read. */
class Reading {
  readonly rows = new Map<number, RowDraft>();
  readonly #reader: RowReader;
  readonly #inodeOf: (pid: number) => number | undefined;
  readonly #takenOver = new Map<number, Kept>();
  /** The inodes of what was read completely. */
  readonly #readAt = new Map<number, number>();

  constructor(reader: RowReader, inodeOf: (pid: number) => number | undefined) {
    this.#reader = reader;
    this.#inodeOf = inodeOf;
  }

  takeOver(kept: Kept): void {
    this.#takenOver.set(kept.row.pid, kept);
    this.rows.set(kept.row.pid, kept.row);
  }

  /** @param inode of the directory before the row was read: should the pid be reused in between, the next reading sees another. */
  read(pid: number, inode: number | undefined): void {
    this.#takenOver.delete(pid);
    const unreadableBefore = this.#reader.unreadable;
    const row = this.#reader.read(pid);
    if (row === undefined) {
      this.rows.delete(pid);
      return;
    }
    this.rows.set(pid, row);
    // What could not be read has to be counted each time.
    if (inode !== undefined && this.#reader.unreadable === unreadableBefore) this.#readAt.set(pid, inode);
  }

  /** A parent changes only by its death: then it is listed no longer, or is another process under its pid, or a zombie. */
  readAdopted(): void {
    for (const [pid, { row }] of [...this.#takenOver]) {
      if (row.ppid === 0 || this.#takenOver.has(row.ppid)) continue;
      const parent = this.rows.get(row.ppid);
      const isSame = parent !== undefined && parent.state !== 'Z' && (parent.startTicks ?? 0) <= (row.startTicks ?? 0);
      if (!isSame) this.#readAgain(pid);
    }
  }

  /** Whoever has a word in the judgement of a row that matters: those above it, the leaders of its group and session, its owner. */
  readAround(): void {
    // Grows by what turns out to matter.
    for (const row of this.#reader.relevant) {
      for (const pid of [row.pgid, row.sid, parseOwnerMark(row.ownerMark)?.pid]) this.#readAgain(pid);
      const seen = new Set<number>();
      for (let pid = row.ppid; pid > 0 && !seen.has(pid); pid = this.rows.get(pid)?.ppid ?? 0) {
        seen.add(pid);
        this.#readAgain(pid);
      }
    }
  }

  kept(): Map<number, Kept> {
    return new Map(this.#takenOver);
  }

  /** What was read and does not matter. */
  candidates(): Map<number, Kept> {
    const relevant = new Set(this.#reader.relevant.map(({ pid }) => pid));
    const found = new Map<number, Kept>();
    for (const [pid, inode] of this.#readAt) {
      const row = this.rows.get(pid);
      if (row !== undefined && !relevant.has(pid)) found.set(pid, { row, inode });
    }
    return found;
  }

  #readAgain(pid: number | undefined): void {
    if (pid !== undefined && this.#takenOver.has(pid)) this.read(pid, this.#inodeOf(pid));
  }
}
