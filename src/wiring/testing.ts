/**
 * `claude-mem-cli/testing`: fails a test, or a suite, that leaves a process behind, in vitest, jest, node:test or any other runner. All
 * public types are in this file, because the package ships them from here.
 */
import { randomUUID } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { identityKey, type StartedProcess } from '../core/process/descent.ts';
import type { ProcessRow, ProcessSnapshot } from '../core/process/snapshot.ts';
import { systemClock } from './adapters.ts';
import { createContext, usualDataDir } from './context.ts';
import type { Observation } from '../operations/observe/observe.ts';
import { terminateLeft } from '../operations/verify/terminate-left.ts';
import { VERIFY_MARK, Watch, type SettledLook } from '../operations/verify/watch.ts';
import { loadPlatform, type OrphanAdoption, type Platform } from '../platform/index.ts';
import { Adopter } from './adopt-during-watches.ts';
import { addRunningWatch, runningWatches } from './running-watches.ts';
import { inAction, SpawnRecorder } from './spawn-sites.ts';

/** A process that was started during the watch and still runs. */
export interface LeakedProcess {
  readonly pid: number;
  readonly ppid: number;
  /** The command line, arguments joined by spaces; the name in brackets if the command line is empty. */
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The proof: the mark in its environment, or descent from this process. */
  readonly foundBy: 'mark' | 'descent';
  /** How long it ran when it was found. */
  readonly ageSeconds: number;
  /** Where the process, or the one that it descends from, was started through `node:child_process`: `file:line:column`; null if unknown. */
  readonly spawnedAt: string | null;
  /** The proof for `spawnedAt`: descent, or that no other child process ran at that time. */
  readonly spawnFoundBy: 'descent' | 'time' | null;
  /** The test that started it; null if unknown. */
  readonly test: string | null;
  /** Why `reap` spared it; null if `reap` ended it or is not set. */
  readonly notEnded: string | null;
}

export interface TrackOptions {
  /** Time for processes to exit after the work, in milliseconds (default: 1,000). The wait ends as soon as no process is left. */
  readonly settleMs?: number;
  /** Patterns for command lines. A process that matches may stay, with its descendants. */
  readonly allow?: readonly (RegExp | string)[];
  /**
   * Ends the processes that are left, except those of a running claude-mem. The test fails anyway. `expectNoLeaks` spares a process that a
   * child process from outside the action may have started. While another watch of this process runs, only what descends from a child
   * process of the action is ended. The watch of `claude-mem-cli/vitest` or `claude-mem-cli/jest` does not count.
   */
  readonly reap?: boolean;
  /** Names the test that runs, for the message. */
  readonly currentTest?: () => string | undefined;
  /** @internal The watch encloses all tests of a file. */
  readonly isOfFile?: boolean;
}

/** Watches the processes that start from now on. */
export interface ProcessTracker {
  /** Waits for the settle time, then returns the processes that are left. @throws Error if the process table could not be read completely. */
  leaks(): Promise<readonly LeakedProcess[]>;
  /** @throws LeakError if a process is left. */
  expectNoLeaks(): Promise<void>;
  /** Same as `expectNoLeaks`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Lists every process that was left behind. */
export class LeakError extends Error {
  override readonly name: string = 'LeakError';
  readonly leaks: readonly LeakedProcess[];

  constructor(leaks: readonly LeakedProcess[]) {
    super(describe(leaks));
    this.leaks = leaks;
  }
}

/**
 * Runs an action and fails if it leaves a process behind.
 * @returns the result of the action.
 * @throws LeakError with the processes that are left. An error of the action itself comes first.
 */
export async function expectNoLeaks<Result>(
  action: () => Result | Promise<Result>,
  options: TrackOptions = {},
): Promise<Result> {
  const mark = randomUUID();
  const tracker = await beginTracker(options, { mark, hasAction: true });
  let result: Result;
  try {
    result = await inAction(mark, action);
  } catch (error) {
    // The error explains the leak, so it is thrown. `leaks` still ends the processes with `reap`.
    await tracker.leaks().catch(() => []);
    throw error;
  }
  await tracker.expectNoLeaks();
  return result;
}

/**
 * Begins a watch. For a whole suite, call it in a "before" hook, and call `expectNoLeaks()` of the result in an "after" hook. On Linux, this
 * process is a subreaper until the last watch ends, which finds double forks, setsid and cleared environments. Processes from before the
 * watch, and those of test runners, are not reported.
 * @throws Error if the process table cannot be read.
 */
export function trackProcesses(options: TrackOptions = {}): Promise<ProcessTracker> {
  return beginTracker(options, { mark: randomUUID(), hasAction: false });
}

/** A watch with its mark. It has an action if the spawns of the action can be distinguished from others. */
interface Marked {
  readonly mark: string;
  readonly hasAction: boolean;
}

async function beginTracker(options: TrackOptions, marked: Marked): Promise<ProcessTracker> {
  const platform = await loadPlatform();
  const { mark } = marked;
  const spawns = new SpawnRecorder(options.currentTest ?? (() => undefined));
  const adoption = isMainThread ? platform.loadAdoption() : null;
  if (adoption !== null) adopter ??= new Adopter(adoption);
  const adopts = adopter?.begin() === true;
  const removeFromRunning = addRunningWatch({ mark, isOfFile: options.isOfFile === true });
  const end = () => {
    spawns.stop();
    removeFromRunning();
    adopter?.end();
  };
  try {
    const watch = await beginWatch({ platform, options, mark, spawns, adoption: adopts ? adoption : null });
    const restoreMark = setMark(mark);
    return new Tracker(watch, { ...marked, platform, options, spawns, restoreMark, end });
  } catch (error) {
    end();
    throw error;
  }
}

/**
 * Only in the main thread: other threads may run other tests, whose child processes have the same parent, and do not know the watches of
 * this one.
 */
let adopter: Adopter | undefined;

interface WatchParts {
  readonly platform: Platform;
  readonly options: TrackOptions;
  readonly mark: string;
  readonly spawns: SpawnRecorder;
  /** Null if this process does not adopt orphans. */
  readonly adoption: OrphanAdoption | null;
}

function beginWatch({ platform, options, mark, spawns, adoption }: WatchParts): Promise<Watch> {
  return Watch.begin(
    {
      ...platform,
      clock: systemClock,
      waitFor:
        adoption === null
          ? null
          : (pid) => {
              adoption.waitFor(pid);
            },
    },
    {
      mark,
      claimsChildren: adoption !== null,
      children: () => spawns.pids(),
      // Node.js waits for its own child processes. Only a process once seen under another parent is certainly adopted.
      mayWaitFor: (_, wasAdopted) => wasAdopted,
      isAllowed: ({ command }) =>
        [...RUNNERS_OWN, ...(options.allow ?? [])].some((pattern) => matches(command, pattern)),
    },
  );
}

/** Processes that test runners and their compilers keep below the process that runs the tests. */
const RUNNERS_OWN: readonly RegExp[] = [
  /[\\/]esbuild(?:\.exe)? --service=/,
  /[\\/]jest-worker[\\/]build[\\/](?:workers[\\/])?processChild\.js/,
  /[\\/]vitest[\\/]dist[\\/]workers[\\/]/,
  /^watchman\b/,
];

const DEFAULT_SETTLE_MS = 1_000;
const GRACE_MS = 2_000;

class Tracker implements ProcessTracker {
  readonly #watch: Watch;
  readonly #setting: TrackerSetting;
  #found: Promise<readonly LeakedProcess[]> | undefined;

  constructor(watch: Watch, setting: TrackerSetting) {
    this.#watch = watch;
    this.#setting = setting;
  }

  leaks(): Promise<readonly LeakedProcess[]> {
    this.#found ??= this.#look();
    return this.#found;
  }

  async expectNoLeaks(): Promise<void> {
    const leaks = await this.leaks();
    if (leaks.length > 0) throw new LeakError(leaks);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.expectNoLeaks();
  }

  async #look(): Promise<readonly LeakedProcess[]> {
    const { restoreMark, end } = this.#setting;
    try {
      return await this.#settle();
    } finally {
      restoreMark();
      end();
    }
  }

  async #settle(): Promise<readonly LeakedProcess[]> {
    const { options, spawns } = this.#setting;
    const settled = await this.#watch.settle(options.settleMs ?? DEFAULT_SETTLE_MS);
    if (!settled.isComplete && settled.left.length === 0)
      throw new Error('The process table could not be read completely, so it is not proven that no process is left.');
    const notEnded = options.reap === true ? await this.#reap(settled) : NOT_ENDED;
    const byPid = new Map(settled.snapshot.processes.map((row) => [row.pid, row]));
    return settled.left.map((process) => {
      const site = spawns.siteOf(process.row, byPid) ?? NO_SITE;
      const { place: spawnedAt, foundBy, test } = site;
      return {
        ...leakedProcess(process),
        ...{ spawnedAt, spawnFoundBy: spawnedAt === null ? null : foundBy, test },
        notEnded: notEnded(process.row),
      };
    });
  }

  /** @returns why a process was spared. */
  async #reap({ left }: SettledLook): Promise<typeof NOT_ENDED> {
    if (left.length === 0) return NOT_ENDED;
    const { signaller } = this.#setting.platform;
    const spare = (row: ProcessRow, snapshot: ProcessSnapshot) => this.#reasonToSpare(row, snapshot);
    const ports = { watch: this.#watch, signaller, clock: systemClock, observe, usualDataDir: usualDataDir(), spare };
    const { protectedBy, refused = null } = await terminateLeft(ports, { graceMs: GRACE_MS });
    return (row) => protectedBy.get(identityKey(row)) ?? refused;
  }

  #reasonToSpare(row: ProcessRow, { processes }: ProcessSnapshot): string | undefined {
    const { mark, hasAction, spawns } = this.#setting;
    const isOwn = hasAction
      ? spawns.isOfAction(mark, row, new Map(processes.map((each) => [each.pid, each])))
      : 'unknown';
    if (isOwn === 'yes') return undefined;
    if (isOwn === 'no') return 'a child process from outside the action started it, or may have started it';
    const isOtherRunning = runningWatches().some((other) => other.mark !== mark && !other.isOfFile);
    return isOtherRunning ? 'another watch of this process is running, and may have started it' : undefined;
  }
}

function observe(dataDir?: string): Promise<Observation> {
  return createContext({ dataDir, acts: false, ifMissing: 'accept' }).observe({ memory: false });
}

interface TrackerSetting extends Marked {
  readonly platform: Platform;
  readonly options: TrackOptions;
  readonly spawns: SpawnRecorder;
  readonly restoreMark: () => void;
  /** Stops the recording of spawns and the adoption. */
  readonly end: () => void;
}

/** Child processes inherit the mark. With a runner that copies the environment (jest), only descent finds them. */
function setMark(mark: string): () => void {
  const previous = process.env[VERIFY_MARK];
  process.env[VERIFY_MARK] = mark;
  return () => {
    if (previous === undefined) Reflect.deleteProperty(process.env, VERIFY_MARK);
    else process.env[VERIFY_MARK] = previous;
  };
}

function matches(command: string, pattern: RegExp | string): boolean {
  return typeof pattern === 'string' ? command.includes(pattern) : command.search(pattern) >= 0;
}

const NOT_ENDED: (row: ProcessRow) => string | null = () => null;

const NO_SITE = { place: null, test: null, foundBy: null } as const;

function leakedProcess({
  row,
  foundBy,
}: StartedProcess): Omit<LeakedProcess, 'spawnedAt' | 'spawnFoundBy' | 'test' | 'notEnded'> {
  const { pid, ppid, startedAt, command, name } = row;
  const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(startedAt)) / 100) / 10);
  return { pid, ppid, startedAt, foundBy, ageSeconds, command: command === '' ? `[${name}]` : command };
}

function describe(leaks: readonly LeakedProcess[]): string {
  const title = leaks.length === 1 ? '1 process was left behind:' : `${leaks.length} processes were left behind:`;
  return [title, ...leaks.flatMap(describeLeak)].join('\n');
}

function describeLeak({
  pid,
  ppid,
  command,
  startedAt,
  ageSeconds,
  foundBy,
  spawnedAt,
  spawnFoundBy,
  test,
  notEnded,
}: LeakedProcess) {
  const proof = foundBy === 'mark' ? 'has the mark of this watch' : 'descends from this process';
  return [
    `  pid ${pid}  ${command}`,
    `    parent pid ${ppid}; started ${startedAt}, ${ageSeconds} s ago; ${proof}`,
    ...(spawnedAt === null ? [] : [`    ${spawnFoundBy === 'time' ? 'probably ' : ''}spawned at ${spawnedAt}`]),
    ...(test === null ? [] : [`    in the test "${test}"`]),
    ...(notEnded === null ? [] : [`    not ended: ${notEnded}`]),
  ];
}
