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

/** What is needed to start, record and end a process of ours. */
export type Household = Pick<ChromaDependencies, 'dataDir' | 'treeId' | 'own' | 'env' | 'processes' | 'log'>;

export interface OwnedSpawn extends Command {
  readonly role: Role;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly onLine?: (line: string) => void;
}

/** How many of its last lines are kept to explain its end. */
const KEPT_LINES = 40;
/** Between SIGTERM and SIGKILL, in milliseconds; a uv and its python need about 20. */
const GRACE_MS = 2_000;
/** Its output may arrive after the news of its end, in milliseconds. A python that holds the pipes delays it for ever. */
const OUTPUT_WAIT_MS = 250;
/** Until the end of a process is on the root's disk, in milliseconds. */
const RECORD_WAIT_MS = 500;

/**
 * A process that we spawned, with what it starts itself: recorded from birth to the proof of its death, ended by identity only.
 */
export class OwnedProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it wrote last, on stderr; stdout is the reader's. */
  readonly output: LastLines;
  /** Resolves when the process itself has ended; what it started may still run. */
  readonly exited: Promise<Exit>;
  readonly #household: Household;
  readonly #spawn: OwnedSpawn;
  /** What is known to have run, the process itself first. */
  readonly #members: ProcessRow[] = [];
  readonly #recorded = new Map<number, Promise<boolean>>();
  #ending: Promise<readonly number[]> | undefined;

  constructor(spawned: OwnedSpawn, household: Household) {
    this.#spawn = spawned;
    this.#household = household;
    this.output = new LastLines(KEPT_LINES, spawned.onLine);
    const { file, args, env, cwd } = spawned;
    // Owner mark and parent-death signal are this process's own: it spawns from its main thread, without a shell between.
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

  /** The python, once `recordPython` has found it. */
  get python(): ProcessRow | undefined {
    return findPython(this.#members);
  }

  /** Finds the python under the wrapper and has it recorded, the wrapper as its owner. */
  async recordPython(): Promise<void> {
    const python = findPython(await this.#look());
    if (python === undefined || this.#recorded.has(python.pid)) return;
    this.#members.push(python);
    this.#record(python, this.#members[0]);
  }

  /** Waits, but not long, for the rest of the output of a process that has ended. */
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
   * Ends it and all it started, by SIGTERM to all at once, then by force; also what it left behind when it has ended by itself.
   * @returns pids of what could not be ended. A second call waits for the first.
   */
  end(withinMs: number): Promise<readonly number[]> {
    this.#ending ??= this.#end(withinMs);
    return this.#ending;
  }

  async #end(withinMs: number): Promise<readonly number[]> {
    const { signaller, clock } = this.#household.processes;
    const deadline = clock.now() + withinMs;
    // Once Node.js has waited for it, its pid may be anybody's.
    if (this.#members.length === 0 && this.child.exitCode === null && this.child.signalCode === null) this.#meet();
    const ports = {
      signaller,
      clock,
      look: () => this.#look(),
      targetsOf: (rows: readonly ProcessRow[]) => rows.map((row) => ({ row, restsOnCommand: false })),
    };
    // A wrapper that is gone is found by no look, and what was recorded of it must be seen gone all the same.
    const first = uniqueRows([...this.#members, ...(await this.#look())]);
    const { outcomes } = await terminateUntilQuiet(ports, first, { graceMs: Math.min(GRACE_MS, withinMs) });
    this.#letGo();
    const left = outcomes.filter(({ outcome }) => outcome === 'survived' || outcome === 'permission-denied');
    const survivors = left.map(({ pid }) => pid);
    // A root that is frozen records nothing, and must not hold this up: its own end says the same.
    await withTimeout(Math.max(0, Math.min(RECORD_WAIT_MS, deadline - clock.now())), this.#recordEnds(survivors));
    return survivors;
  }

  /** Its record must be on its way before anything else happens, so this reads one process and does not wait. */
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
    // A record that fails ends nothing: the marks of the process say whose it is.
    const recorded = processes.recorder.register(registration).then(
      () => true,
      (error: unknown) => {
        log.warn('a process could not be recorded', { pid: row.pid, error: String(error) });
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
      this.#household.log.warn('an end could not be recorded', { error: String(error) });
    });
  }

  /** All that runs because of this spawn; empty where the process table cannot be read: what is known has to do then. */
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
      log.warn('could not look for what a process started', { pid: first.pid, error: String(error) });
      return [];
    }
  }

  #marks(): FamilyMarks {
    const { env, role } = this.#spawn;
    return { treeMark: this.#household.treeId, roleMark: role, ownerMark: env[MARKS.owner] };
  }

  /** Without this the ends of the pipes would keep the process that reads them alive. */
  #letGo(): void {
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
    // One that has just ended takes no input any more; its end is what is reported.
    child.stdin.on('error', () => undefined);
  });
}

function identityOf({ pid, startTicks, startedAt }: OwnIdentity | ProcessRow): StoredIdentity {
  return { pid, ...(startTicks === undefined ? {} : { startTicks }), startedAt };
}

function uniqueRows(rows: readonly ProcessRow[]): readonly ProcessRow[] {
  return [...new Map(rows.map((row) => [keyOf({ row }), row])).values()];
}
