import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { MARKS } from '../core/tree/marks.ts';
import type { Role, StoredIdentity } from '../core/tree/manifest.ts';
import type { ProcessRow } from '../core/process/snapshot.ts';
import { terminateUntilQuiet, keyOf } from '../operations/terminate/terminate-until-quiet.ts';
import type { OwnIdentity } from '../operations/ports/tree.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { Command } from './command.ts';
import type { ChromaDependencies } from './dependencies.ts';
import type { Exit } from './failure.ts';
import { type FamilyMarks, familyOf, findPython } from './family.ts';
import { LastLines } from './last-lines.ts';

/** Dependencies for starting, recording and ending a claude-mem process. */
export type Household = Pick<ChromaDependencies, 'dataDir' | 'treeId' | 'own' | 'env' | 'processes' | 'log'>;

export interface OwnedSpawn extends Command {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly onLine?: (line: string) => void;
  /** Whether the end of its input asks it to end. For a system without SIGTERM. */
  readonly isAskedByInput?: boolean;
}

/** Number of last lines kept to explain its end. */
const KEPT_LINES = 40;
/** Between SIGTERM and SIGKILL, in milliseconds; a uv and its python need about 20. */
const GRACE_MS = 2_000;
/**
 * How long to wait for remaining output after the exit, in milliseconds. A python that keeps the pipes open delays it
 * forever.
 */
const OUTPUT_WAIT_MS = 250;
/** When to look for the python for the first time, in milliseconds after the spawn. A uv starts it within 150 ms. */
const FIRST_LOOK_MS = 300;
/** How long to wait until the root has recorded an end, in milliseconds. */
const RECORD_WAIT_MS = 500;

/** A spawned process and its children: recorded from birth until its death is proven, and ended only by identity. */
export class OwnedProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Last lines from stderr; stdout belongs to the reader. */
  readonly output: LastLines;
  /** Resolves when the process itself has exited; its children may still run. */
  readonly exited: Promise<Exit>;
  readonly #household: Household;
  readonly #spawn: OwnedSpawn;
  /** Known processes, the spawned one first. */
  readonly #members: ProcessRow[] = [];
  readonly #recorded = new Map<number, Promise<boolean>>();
  #ending: Promise<readonly number[]> | undefined;

  constructor(spawned: OwnedSpawn, household: Household) {
    this.#spawn = spawned;
    this.#household = household;
    this.output = new LastLines(KEPT_LINES, spawned.onLine);
    const { file, args, env, cwd } = spawned;
    // The owner mark and the parent-death signal refer to this process, so it spawns from its main thread without a
    // shell.
    this.child = spawn(file, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.exited = exitOf(this.child);
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.output.write(chunk);
    });
    this.#meet();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The python, once it is found and recorded. */
  get python(): ProcessRow | undefined {
    return findPython(this.#members);
  }

  /**
   * Records the python while it starts, which takes seconds, and at the latest when it answers.
   * @param answer of the python.
   */
  async recordPythonBefore<Result>(answer: Promise<Result>): Promise<Result> {
    const answered = answer.then(
      () => true,
      // The caller gets the rejection below.
      () => true,
    );
    for (let pauseMs = FIRST_LOOK_MS; this.python === undefined; pauseMs *= 2) {
      if ((await withTimeout(pauseMs, answered)) === true) break;
      await this.#recordPython();
    }
    const result = await answer;
    if (this.python === undefined) await this.#recordPython();
    return result;
  }

  /** Finds the python under the wrapper and records it with the wrapper as its owner. */
  async #recordPython(): Promise<void> {
    const python = findPython(await this.#look());
    if (python === undefined || this.#recorded.has(python.pid)) return;
    this.#members.push(python);
    this.#record(python, this.#members[0]);
  }

  /** Waits briefly for the remaining output of an exited process. */
  async finalOutput(): Promise<readonly string[]> {
    if (!this.child.stderr.closed) {
      await new Promise((resolve) => {
        this.child.stderr.once('close', resolve);
        setTimeout(resolve, OUTPUT_WAIT_MS).unref();
      });
    }
    return this.output.lines;
  }

  /**
   * Ends the process and its children: SIGTERM to all, or the end of the input, then SIGKILL. Also ends what it left behind after its own exit.
   * @returns pids of processes that could not be ended. A second call waits for the first.
   */
  end(withinMs: number): Promise<readonly number[]> {
    this.#ending ??= this.#end(withinMs);
    return this.#ending;
  }

  async #end(withinMs: number): Promise<readonly number[]> {
    const { signaller, clock } = this.#household.processes;
    const deadline = clock.now() + withinMs;
    if (this.#spawn.isAskedByInput === true) await this.#askByInput(withinMs / 2);
    // After Node has waited for the child, its pid may be reused.
    if (this.#members.length === 0 && this.child.exitCode === null && this.child.signalCode === null) this.#meet();
    const ports = {
      signaller,
      clock,
      look: () => this.#look(),
      targetsOf: (rows: readonly ProcessRow[]) => rows.map((row) => ({ row, restsOnCommand: false })),
    };
    // No snapshot contains an exited wrapper, but its recorded children must be proven gone too.
    const first = uniqueRows([...this.#members, ...(await this.#look())]);
    const leftMs = Math.max(0, deadline - clock.now());
    const { outcomes } = await terminateUntilQuiet(ports, first, { graceMs: Math.min(GRACE_MS, leftMs) });
    this.#release();
    const left = outcomes.filter(({ outcome }) => outcome === 'survived' || outcome === 'permission-denied');
    const survivors = left.map(({ pid }) => pid);
    // A frozen root records nothing and must not block this. Its own end proves the same.
    await withTimeout(Math.max(0, Math.min(RECORD_WAIT_MS, deadline - clock.now())), this.#recordEnds(survivors));
    return survivors;
  }

  async #askByInput(withinMs: number): Promise<void> {
    this.child.stdin.end();
    await withTimeout(Math.min(GRACE_MS, withinMs), this.exited);
  }

  /** Must record immediately, so this reads one process and does not wait. */
  #meet(): void {
    const { pid } = this.child;
    const row = pid === undefined ? undefined : this.#household.processes.identify(pid);
    if (row === undefined) return;
    this.#members.push(row);
    this.#record(row, undefined);
  }

  #record(row: ProcessRow, parent: ProcessRow | undefined): void {
    const { processes, own, log } = this.#household;
    const registration = {
      role: this.#spawn.role,
      identity: identityOf(row),
      ...(row.pgid === undefined ? {} : { pgid: row.pgid }),
      owner: identityOf(parent ?? own),
      command: parent === undefined ? [this.#spawn.file, ...this.#spawn.args] : [...(row.argv ?? [row.command])],
    };
    // A failed record ends nothing: the marks of the process still identify it.
    const recorded = processes.recorder.register(registration).then(
      () => true,
      (error: unknown) => {
        log.warn('could not record a process', { pid: row.pid, error: String(error) });
        return false;
      },
    );
    this.#recorded.set(row.pid, recorded);
  }

  async #recordEnds(survivors: readonly number[]): Promise<void> {
    const { recorder } = this.#household.processes;
    const gone = this.#members.filter(({ pid }) => !survivors.includes(pid));
    await Promise.all(
      gone.map(async (row) => {
        if (await this.#recorded.get(row.pid)) await recorder.ended(identityOf(row));
      }),
    ).catch((error: unknown) => {
      this.#household.log.warn('could not record the end of a process', { error: String(error) });
    });
  }

  /** All processes of this spawn; empty if the process table cannot be read, so that only known processes count. */
  async #look(): Promise<readonly ProcessRow[]> {
    const [first] = this.#members;
    if (first === undefined) return [];
    const { dataDir, processes, log } = this.#household;
    try {
      const snapshot = await processes.table.snapshot({
        dataDir,
        recordedPids: new Set(this.#members.map(({ pid }) => pid)),
        ...(first.startTicks === undefined ? {} : { oldestTreeTicks: first.startTicks }),
        memory: false,
      });
      return familyOf(snapshot, first, this.#marks());
    } catch (error) {
      log.warn('could not look for children of a process', { pid: first.pid, error: String(error) });
      return [];
    }
  }

  #marks(): FamilyMarks {
    const { env, role } = this.#spawn;
    return { treeMark: this.#household.treeId, roleMark: role, ownerMark: env[MARKS.owner] };
  }

  /** Closes the pipes, which would otherwise keep this process alive. */
  #release(): void {
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
  }
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
    child.once('error', (error) => {
      resolve({ code: null, signal: null, error });
    });
    // A process that has just exited accepts no input. Its exit is reported instead.
    child.stdin.on('error', () => undefined);
  });
}

function identityOf({ pid, startTicks, startedAt }: OwnIdentity | ProcessRow): StoredIdentity {
  return { pid, ...(startTicks === undefined ? {} : { startTicks }), startedAt };
}

function uniqueRows(rows: readonly ProcessRow[]): readonly ProcessRow[] {
  return [...new Map(rows.map((row) => [keyOf({ row }), row])).values()];
}
