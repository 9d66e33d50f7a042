import { dataDirArgument, isCandidateName, isChromaProgram, mayRunRole } from '../../../core/process/role-program.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { ProportionalMemory, SnapshotRequest } from '../../../operations/ports/process.ts';
import { readCommandLine } from './command-line-file.ts';
import { DirectoryResolver } from './directory-resolver.ts';
import { readPidNamespace } from '../machine/machine.ts';
import { isMarked, parseCutMarks, parseMarks, UNKNOWN_MARKS } from '../../marks.ts';
import { readPageBytes, readProportionalMemory } from './memory.ts';
import { effectiveUid, readProcArguments, readProcLink } from './proc-file.ts';
import { readStat } from './read-stat.ts';
import { rowOf, type StatLine } from './stat-line.ts';

/** A row during reading. Its wall-clock start is filled in when the "now" of the reading is known. */
export type RowDraft = { -readonly [Field in keyof ProcessRow]: ProcessRow[Field] };

/** Returns PSS and swap of a process, given its row and directory. */
export type MeasureMemory = (row: ProcessRow, directory: string) => ProportionalMemory;

const measureNow: MeasureMemory = (_row, directory) => readProportionalMemory(directory);

/**
 * Reads the rows of one reading of `/proc`. For most processes it reads only `stat`: opening, reading and closing
 * another file costs as much as the rest of the row, so it does so only for processes that can be relevant.
 */
export class RowReader {
  readonly #procRoot: string;
  readonly #request: SnapshotRequest;
  readonly #resolver: DirectoryResolver;
  readonly #ownUid = process.geteuid?.();
  readonly #pageBytes: number;
  /** Rows that are or may be claude-mem processes: recorded, marked, or a chroma-mcp. */
  readonly #relevant: RowDraft[] = [];
  readonly #measure: MeasureMemory;
  #unreadable = 0;

  constructor(procRoot: string, request: SnapshotRequest, measure: MeasureMemory = measureNow) {
    this.#procRoot = procRoot;
    this.#request = request;
    this.#measure = measure;
    this.#resolver = new DirectoryResolver(procRoot, request.dataDir);
    this.#pageBytes = readPageBytes(procRoot);
  }

  /** Number of rows so far with unreadable relevant data. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Rows so far that are or may be claude-mem processes. Grows during iteration. */
  get relevant(): readonly RowDraft[] {
    return this.#relevant;
  }

  /** Reads one process; undefined if it is gone or ends during the read. */
  read(pid: number): RowDraft | undefined {
    const line = readStat(this.#path(pid));
    if (typeof line === 'string') return line === 'vanished' ? undefined : this.#withoutStat(pid);
    const row = this.#fromStat(line);
    if (line.isKernelThread) return row;
    return this.#readWhatMatters(row) === 'vanished' ? undefined : row;
  }

  /** Adds data that needs all rows: memory of relevant rows, and command lines of their ancestors. */
  complete(rows: ReadonlyMap<number, RowDraft>): void {
    const seen = new Set<number>();
    for (const row of this.#relevant) {
      if (this.#request.memory) Object.assign(row, this.#measure(row, this.#path(row.pid)));
      for (let pid = row.ppid; pid > 0 && !seen.has(pid); pid = rows.get(pid)?.ppid ?? 0) {
        seen.add(pid);
        this.#readAncestor(rows.get(pid));
      }
    }
  }

  #readWhatMatters(row: RowDraft): 'vanished' | 'read' {
    const isNamed = isCandidateName(row.name) || this.#request.recordedPids.has(row.pid);
    const isYoung = (row.startTicks ?? 0) >= (this.#request.oldestTreeTicks ?? 0);
    if (!isNamed && !isYoung) return 'read';
    this.#readUid(row);
    if (isNamed && this.#readProgram(row) === 'vanished') return 'vanished';
    // Marks are read for possible claude-mem programs of any age: their manifest, and with it the age of their tree,
    // may be lost.
    if (this.#mayBeOurs(row) && this.#readMarks(row) === 'vanished') return 'vanished';
    if (!isNamed && isMarked(row) && this.#readProgram(row) === 'vanished') return 'vanished';
    this.#countIfCut(row);
    this.#noteRelevance(row);
    return 'read';
  }

  #readProgram(row: RowDraft): 'vanished' | 'read' {
    const read = readCommandLine(this.#path(row.pid));
    if (read === 'vanished') return 'vanished';
    if (read !== 'unreadable') Object.assign(row, read);
    else if (this.#mayBeOurs(row)) this.#unreadable += 1;
    // Not counted as unreadable: other users' are hidden, and a zombie has no executable.
    const executable = readProcLink(this.#path(row.pid, 'exe'));
    if (executable !== undefined) row.executable = executable;
    const pidNamespace = readPidNamespace(this.#path(row.pid));
    if (pidNamespace !== undefined) row.pidNamespace = pidNamespace;
    return 'read';
  }

  #readMarks(row: RowDraft): 'vanished' | 'read' {
    // A dead process has no environment, and a dead leader's is hidden: the file is empty, which would mean "no marks".
    const isDead = row.state === 'Z' || row.state === 'X';
    const read = isDead ? 'unreadable' : readProcArguments(this.#path(row.pid, 'environ'));
    if (read === 'vanished') return 'vanished';
    if (read === 'unreadable') Object.assign(row, UNKNOWN_MARKS);
    else
      Object.assign(row, read.isCut ? { ...parseCutMarks(read.bytes), environmentCut: true } : parseMarks(read.bytes));
    if (typeof row.dataDirMark === 'string') row.dataDirMark = this.#resolver.dataDirMark(row.pid, row.dataDirMark);
    return 'read';
  }

  /** Counts a row as unreadable if it was cut at the limit and the rest may make it a claude-mem process. */
  #countIfCut(row: RowDraft): void {
    if (!this.#mayBeOurs(row) || (row.commandCut !== true && row.environmentCut !== true)) return;
    // A row without a command line is counted already.
    if (row.commandCut !== true && row.argv === undefined) return;
    if (mayRunRole(row) || this.#request.recordedPids.has(row.pid)) this.#unreadable += 1;
  }

  #noteRelevance(row: RowDraft): void {
    const isChroma = isChromaProgram(row);
    if (!isChroma && !isMarked(row) && !this.#request.recordedPids.has(row.pid)) return;
    this.#relevant.push(row);
    const written = isChroma ? dataDirArgument(row) : undefined;
    if (written === undefined) return;
    const directory = this.#resolver.roleDirectory(row.pid, written);
    if (directory !== undefined) row.roleDirectory = directory;
  }

  #readAncestor(row: RowDraft | undefined): void {
    if (row === undefined || row.argv !== undefined || row.commandCut === true) return;
    if (row.uid === undefined) this.#readUid(row);
    const read = readCommandLine(this.#path(row.pid));
    if (typeof read !== 'string') Object.assign(row, read);
  }

  #readUid(row: RowDraft): void {
    const uid = effectiveUid(this.#path(row.pid));
    if (uid !== undefined) row.uid = uid;
  }

  #mayBeOurs(row: RowDraft): boolean {
    return row.uid === undefined || row.uid === this.#ownUid;
  }

  /** A used pid is reported even if nothing else is known: a missing row would mean that the process is gone. */
  #withoutStat(pid: number): RowDraft {
    const row: RowDraft = { pid, ppid: 0, startedAt: '', name: '', command: '' };
    this.#readUid(row);
    // Its name is unknown too, so it may be a claude-mem process.
    if (this.#mayBeOurs(row)) this.#unreadable += 1;
    return row;
  }

  #fromStat(line: StatLine): RowDraft {
    const row: RowDraft = rowOf(line);
    row.rssBytes = line.rssPages * this.#pageBytes;
    return row;
  }

  #path(pid: number, file = ''): string {
    return file === '' ? `${this.#procRoot}/${pid}` : `${this.#procRoot}/${pid}/${file}`;
  }
}
