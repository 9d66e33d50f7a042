import { isConsoleHost } from '../../../core/process/program-name.ts';
import { dataDirArgument, isCandidateName, isChromaProgram } from '../../../core/process/role-program.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { SnapshotRequest } from '../../../operations/ports/process.ts';
import { isMarked, type Marks, parseCutMarks, parseMarks, UNKNOWN_MARKS } from '../../marks.ts';
import { cpuTicksOf, isoTimeOf, startTicksOf } from '../native/file-time.ts';
import type { WindowsNative } from '../native/load-native.ts';
import { openProcess, readTimes, RIGHTS } from '../native/process-handle.ts';
import { readUser } from '../native/user.ts';
import { resolveLocalDataDir, resolveLocalRoleDirectory } from '../local-directory.ts';
import { splitCommandLine } from '../split-command-line.ts';
import type { ListedProcess } from './process-list.ts';
import {
  type ProcessParameters,
  queryCommandLine,
  readCommandLine,
  readExecutable,
  readParameters,
} from './process-parameters.ts';

export type RowDraft = { -readonly [Field in keyof ProcessRow]: ProcessRow[Field] };

/** `cmd.exe /c uvx …` stays the parent of uvx, so that it is a part of the chain. */
const SHELL = /^cmd\.exe$/i;
/** In milliseconds. */
const STARTING_MS = 2_000;

/** Reads the rows of one reading. Opens only processes that can be relevant, because that costs more than all listed facts. */
export class NativeRowReader {
  readonly #native: WindowsNative;
  readonly #ownUser: number | undefined;
  readonly #request: SnapshotRequest;
  readonly #relevant: ProcessRow[] = [];
  #unreadable = 0;
  #starting = 0;

  constructor(native: WindowsNative, ownUser: number | undefined, request: SnapshotRequest) {
    this.#native = native;
    this.#ownUser = ownUser;
    this.#request = request;
  }

  /** Number of rows so far with unreadable relevant data. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** How many of these rows belong to processes that began so recently that Windows may still be preparing them. */
  get starting(): number {
    return this.#starting;
  }

  /** Reads one listed process; undefined if it has ended since. */
  read(listed: ListedProcess): RowDraft | undefined {
    const row: RowDraft = rowOf(listed);
    const isNamed = this.#mustBeReadable(row) || SHELL.test(row.name);
    const isYoung = (row.startTicks ?? 0) >= (this.#request.oldestTreeTicks ?? 0);
    if (!isNamed && !isYoung) return row;
    const answer = this.#readOpened(row, { started: listed.started, isNamed });
    if (answer === 'gone') return undefined;
    if (this.#isRelevant(row)) this.#note(row);
    return row;
  }

  /** Adds the command lines of the ancestors of claude-mem processes. */
  completeAncestors(rows: ReadonlyMap<number, RowDraft>): void {
    const seen = new Set<number>();
    for (const row of this.#relevant) {
      for (let pid = row.ppid; pid > 0 && !seen.has(pid); pid = rows.get(pid)?.ppid ?? 0) {
        seen.add(pid);
        this.#readAncestor(rows.get(pid));
      }
    }
  }

  #readAncestor(row: RowDraft | undefined): void {
    if (row?.command !== '') return;
    const handle = openProcess(this.#native, row.pid, RIGHTS.query | RIGHTS.readMemory);
    if (typeof handle === 'string') return;
    try {
      if (!isSameStart(this.#native, handle, row)) return;
      setUser(row, readUser(this.#native, handle));
      setCommand(row, readCommandLine(this.#native, handle));
    } finally {
      this.#native.close(handle);
    }
  }

  #readOpened(row: RowDraft, { started, isNamed }: { readonly started: bigint; readonly isNamed: boolean }) {
    const full = openProcess(this.#native, row.pid, RIGHTS.query | RIGHTS.readMemory);
    const handle = full === 'permission-denied' ? openProcess(this.#native, row.pid, RIGHTS.query) : full;
    if (handle === 'gone') return 'gone';
    if (typeof handle === 'string') {
      Object.assign(row, UNKNOWN_MARKS);
      // Windows does not tell whose process it is, so it may be ours.
      if (this.#mustBeReadable(row)) this.#noteUnreadable(row);
      return 'read';
    }
    try {
      // The pid may belong to a later process than the listed one.
      if (readTimes(this.#native, handle)?.started !== started) return 'gone';
      const isRead = this.#readDetails(row, { handle, isNamed, mayReadMemory: handle === full });
      // The memory of a process goes before the process does.
      if (!isRead && readTimes(this.#native, handle)?.ended !== 0n) return 'gone';
      if (!isRead) this.#noteUnreadable(row);
      return 'read';
    } finally {
      this.#native.close(handle);
    }
  }

  /** @returns false if the row must be readable and is not. */
  #readDetails(
    row: RowDraft,
    options: { readonly handle: number; readonly isNamed: boolean; readonly mayReadMemory: boolean },
  ): boolean {
    const { handle, isNamed, mayReadMemory } = options;
    const uid = readUser(this.#native, handle);
    setUser(row, uid);
    const isOurs = uid === undefined || uid === this.#ownUser;
    const parameters = mayReadMemory && isOurs ? readParameters(this.#native, handle) : undefined;
    // A console host inherits marks and proves nothing by them.
    if (isOurs) Object.assign(row, isConsoleHost(row.name) ? {} : this.#marksOf(parameters));
    if (!isNamed && !isMarked(row)) return true;
    // The system reads it at the same place, with one call more.
    setCommand(row, parameters?.command ?? queryCommandLine(this.#native, handle) ?? '');
    const executable = readExecutable(this.#native, handle);
    if (executable !== undefined && executable !== '') row.executable = executable;
    return !isOurs || row.command !== '' || !this.#mustBeReadable(row);
  }

  #noteUnreadable({ startedAt }: RowDraft): void {
    this.#unreadable += 1;
    if (Math.abs(Date.now() - Date.parse(startedAt)) < STARTING_MS) this.#starting += 1;
  }

  #marksOf(parameters: ProcessParameters | undefined): Marks & Pick<ProcessRow, 'environmentCut'> {
    if (parameters === undefined) return UNKNOWN_MARKS;
    const { bytes, isCut } = parameters.environment;
    const marks = isCut ? { ...parseCutMarks(bytes), environmentCut: true as const } : parseMarks(bytes);
    const { dataDirMark } = marks;
    return typeof dataDirMark === 'string'
      ? { ...marks, dataDirMark: resolveLocalDataDir(dataDirMark, this.#request.dataDir) }
      : marks;
  }

  #mustBeReadable(row: ProcessRow): boolean {
    return isCandidateName(row.name) || this.#request.recordedPids.has(row.pid);
  }

  #isRelevant(row: ProcessRow): boolean {
    return isChromaProgram(row) || isMarked(row) || this.#request.recordedPids.has(row.pid);
  }

  #note(row: RowDraft): void {
    this.#relevant.push(row);
    const written = isChromaProgram(row) ? dataDirArgument(row) : undefined;
    const directory = written === undefined ? undefined : resolveLocalRoleDirectory(written, this.#request.dataDir);
    if (directory !== undefined) row.roleDirectory = directory;
  }
}

/** The fields of a row that come from its command line. */
export function commandFields(command: string): Pick<ProcessRow, 'command' | 'argv'> {
  return command === '' ? { command } : { command: command.trim(), argv: splitCommandLine(command) };
}

function rowOf({ pid, ppid, name, threads, started, cpu, workingSetBytes, privateBytes }: ListedProcess): RowDraft {
  const startTicks = startTicksOf(started);
  return {
    pid,
    ppid,
    name,
    threads,
    ...(startTicks === undefined ? {} : { startTicks }),
    startedAt: isoTimeOf(started),
    command: '',
    cpuTicks: cpuTicksOf(cpu),
    rssBytes: workingSetBytes,
    // Private bytes are to Windows what PSS and swap are to Linux: memory that comes back when the process ends, paged out or not.
    pssBytes: privateBytes,
  };
}

function setUser(row: RowDraft, uid: number | undefined): void {
  if (uid !== undefined) row.uid = uid;
}

function setCommand(row: RowDraft, command: string): void {
  if (command !== '') Object.assign(row, commandFields(command));
}

function isSameStart(native: WindowsNative, handle: number, row: ProcessRow): boolean {
  const times = readTimes(native, handle);
  return times !== undefined && startTicksOf(times.started) === row.startTicks;
}
