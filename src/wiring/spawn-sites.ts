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
  readonly child: ChildProcess;
  /** Wall clock in milliseconds. */
  readonly startedMs: number;
  endedMs: number;
}

/** The diagnostics channel on which Node.js reports each spawn. */
const SPAWNS = 'child_process';
/** Deep enough for a helper of a helper below the frames of Node.js. */
const FRAMES = 50;
/** A start in clock ticks is exact to 10 ms, but its conversion to the wall clock takes two readings. */
const SLACK_MS = 100;

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
    for (const pid of pidsToward(row, byPid)) {
      const spawn = this.#spawns.findLast(({ child, startedMs }) => child.pid === pid && isAfter(row, startedMs));
      if (spawn !== undefined) return { ...spawn, foundBy: 'descent' };
    }
    const startedMs = Date.parse(row.startedAt);
    const running = this.#spawns.filter(
      (spawn) => isAfter(row, spawn.startedMs) && spawn.endedMs + SLACK_MS >= startedMs,
    );
    const [only, ...others] = running;
    return only === undefined || others.length > 0 ? undefined : { ...only, foundBy: 'time' };
  }

  readonly #record = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    const place = placeOf(stackHere());
    const spawn = { child, place, test: this.#currentTest() ?? null, startedMs: Date.now(), endedMs: Infinity };
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
