import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ProcessRow } from '../core/process/snapshot.ts';

/** Where a test started a process through Node.js. */
export interface SpawnSite {
  /** `file:line:column`; null if no frame of the stack is the user's. */
  readonly place: string | null;
  /** The test that ran; null if unknown. */
  readonly test: string | null;
}

export interface FoundSite extends SpawnSite {
  /** `time`: no process between is left to prove it. */
  readonly foundBy: 'descent' | 'time';
}

interface Spawn extends SpawnSite {
  /** The watched actions that spawned it, by mark; see `inAction`. */
  readonly actions: readonly string[];
  readonly child: ChildProcess;
  /** Wall clock in milliseconds. */
  readonly startedMs: number;
  endedMs: number;
}

/** The diagnostics channel on which Node.js reports each spawn. */
export const SPAWNS = 'child_process';
/** Deep enough for a helper of a helper below the frames of Node.js. */
const FRAMES = 50;
/** A start in clock ticks is exact to 10 ms, but its conversion to the wall clock takes two readings. */
const SLACK_MS = 100;

const running = new AsyncLocalStorage<readonly string[]>();

/** Runs the action of a watch. Everything that it spawns, also later, is recorded with the mark of the watch. */
export function inAction<Result>(mark: string, action: () => Result): Result {
  return running.run([...(running.getStore() ?? []), mark], action);
}

/** Collects the child processes that Node.js spawns in this thread from now on, each with its place in the source. */
export class SpawnRecorder {
  readonly #spawns: Spawn[] = [];
  readonly #currentTest: () => string | undefined;

  constructor(currentTest: () => string | undefined) {
    this.#currentTest = currentTest;
    subscribe(SPAWNS, this.#record);
  }

  stop(): void {
    unsubscribe(SPAWNS, this.#record);
  }

  pids(): ReadonlySet<number> {
    return new Set(this.#spawns.map(({ child }) => child.pid).filter((pid) => pid !== undefined));
  }

  /**
   * Finds the spawn that a process descends from: by its pid, parents, session or group, else the only spawn that ran when it started.
   * @param byPid the rows of the reading that has the process.
   */
  siteOf(row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): FoundSite | undefined {
    const spawn = this.#spawnToward(row, byPid);
    if (spawn !== undefined) return { ...spawn, foundBy: 'descent' };
    const [only, ...others] = this.#runningAtStartOf(row);
    return only === undefined || others.length > 0 ? undefined : { ...only, foundBy: 'time' };
  }

  /**
   * Whether the action of a watch started a process: `yes` by descent, `no` if a child process from outside the action started it or may
   * have started it.
   */
  isOfAction(mark: string, row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): 'yes' | 'no' | 'unknown' {
    const spawn = this.#spawnToward(row, byPid);
    if (spawn !== undefined) return spawn.actions.includes(mark) ? 'yes' : 'no';
    return this.#runningAtStartOf(row).every(({ actions }) => actions.includes(mark)) ? 'unknown' : 'no';
  }

  #spawnToward(row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): Spawn | undefined {
    for (const pid of pidsToward(row, byPid)) {
      const spawn = this.#spawns.findLast(({ child, startedMs }) => child.pid === pid && isAfter(row, startedMs));
      if (spawn !== undefined) return spawn;
    }
    return undefined;
  }

  #runningAtStartOf(row: ProcessRow): readonly Spawn[] {
    const startedMs = Date.parse(row.startedAt);
    return this.#spawns.filter((spawn) => isAfter(row, spawn.startedMs) && spawn.endedMs + SLACK_MS >= startedMs);
  }

  readonly #record = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    const place = placeOf(stackHere());
    const test = this.#currentTest() ?? null;
    const actions = running.getStore() ?? [];
    const spawn = { child, place, test, actions, startedMs: Date.now(), endedMs: Infinity };
    child.once('exit', () => {
      spawn.endedMs = Date.now();
    });
    this.#spawns.push(spawn);
  };
}

function pidsToward(row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): readonly number[] {
  const chain: number[] = [];
  for (let at: ProcessRow | undefined = row; at !== undefined && !chain.includes(at.pid); at = byPid.get(at.ppid))
    chain.push(at.pid);
  return [...chain, ...[row.sid, row.pgid].filter((id) => id !== undefined)];
}

function isAfter({ startedAt }: ProcessRow, startedMs: number): boolean {
  return Date.parse(startedAt) >= startedMs - SLACK_MS;
}

function stackHere(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

/** The first frame outside Node.js, this package and other packages. */
function placeOf(stack: string): string | null {
  const frame = stack
    .split('\n')
    .filter((line) => line.startsWith(FRAME) && !IGNORED.test(line) && !line.includes(__filename))
    .map((line) => line.slice(FRAME.length).trim())[0];
  if (frame === undefined) return null;
  const place = frame.endsWith(')') ? frame.slice(frame.lastIndexOf(' (') + 2, -1) : frame.replace(/^async /, '');
  return place.replace(/^file:\/\//, '');
}

const FRAME = '    at ';
const IGNORED = /node:|[\\/]node_modules[\\/]|<anonymous>\)?$/;
