/**
 * For tests: `claude-mem-cli/testing`. Fails a test, or a suite, that leaves a process behind, in vitest, jest, node:test or any other
 * runner. Its types stand in this file alone, because the package ships them from here.
 */
import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isMainThread } from 'node:worker_threads';
import type { StartedProcess } from '../core/process/descent.ts';
import { systemClock } from './adapters.ts';
import { createContext, usualDataDir } from './context.ts';
import type { Observation } from '../operations/observe/observe.ts';
import { terminateLeft } from '../operations/verify/terminate-left.ts';
import { VERIFY_MARK, Watch, type SettledLook } from '../operations/verify/watch.ts';
import { loadPlatform, type Platform } from '../platform/index.ts';

/** A process that was started while it was watched, and still runs. */
export interface LeakedProcess {
  readonly pid: number;
  readonly ppid: number;
  /** The command line, arguments joined by spaces; the name in brackets where there is none. */
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** By the mark in its environment, or because it descends from this process. */
  readonly foundBy: 'mark' | 'descent';
}

export interface TrackOptions {
  /** How long processes may take to go once the work is done, in milliseconds; 1,000 unless told. It ends as soon as nothing is left. */
  readonly settleMs?: number;
  /** These may stay, with all that hangs below them: matched against the command line. */
  readonly allow?: readonly (RegExp | string)[];
  /** End what is left, after it was found; the test fails all the same. Nothing that belongs to a claude-mem which lives. */
  readonly reap?: boolean;
}

/** What runs from one moment on. */
export interface ProcessTracker {
  /** Waits for the settling, then gives what is left. @throws Error when the process table could not be read in full. */
  leaks(): Promise<readonly LeakedProcess[]>;
  /** @throws LeakError if anything is left. */
  expectNoLeaks(): Promise<void>;
  /** As `expectNoLeaks`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Names every process that was left behind. */
export class LeakError extends Error {
  override readonly name: string = 'LeakError';
  readonly leaks: readonly LeakedProcess[];

  constructor(leaks: readonly LeakedProcess[]) {
    super(describe(leaks));
    this.leaks = leaks;
  }
}

/**
 * Runs the action and fails if it leaves a process behind.
 * @returns what the action returns.
 * @throws LeakError naming them; what the action itself throws comes first.
 */
export async function expectNoLeaks<Result>(
  action: () => Result | Promise<Result>,
  options: TrackOptions = {},
): Promise<Result> {
  const tracker = await trackProcesses(options);
  let result: Result;
  try {
    result = await action();
  } catch (error) {
    // What went wrong explains what was left; with `reap` it is ended here too.
    await tracker.leaks().catch(() => []);
    throw error;
  }
  await tracker.expectNoLeaks();
  return result;
}

/**
 * Begins to watch: for a whole suite call it in a "before" hook, and `expectNoLeaks()` of what it returns in an "after" hook. On Linux this
 * process adopts from here on what loses its parent below it, so that double forks, setsid and cleared environments are found. What
 * ran before, and what a test runner keeps for itself, is not accused.
 * @throws Error when the process table cannot be read.
 */
export async function trackProcesses(options: TrackOptions = {}): Promise<ProcessTracker> {
  const platform = await loadPlatform();
  const mark = randomUUID();
  const children = watchChildren();
  const adoption = platform.loadAdoption();
  const adopts = adoption?.become() === true;
  const watch = await Watch.begin(
    {
      ...platform,
      clock: systemClock,
      waitFor:
        adoption === null || !adopts
          ? null
          : (pid) => {
              adoption.waitFor(pid);
            },
    },
    {
      mark,
      // Another thread of this process may run other tests, whose children hang below it as well.
      claimsChildren: adopts && isMainThread,
      children: children.pids,
      // The exit of what Node.js spawned is its own; only what was seen under another parent was adopted for certain.
      mayWaitFor: (_, wasAdopted) => wasAdopted,
      isAllowed: ({ command }) =>
        [...RUNNERS_OWN, ...(options.allow ?? [])].some((pattern) => matches(command, pattern)),
    },
  );
  const restoreMark = setMark(mark);
  return new Tracker(watch, { platform, options, end: [children.stop, restoreMark] });
}

/** What test runners and their compilers keep running below the process in which the tests run. */
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
    const { options, end } = this.#setting;
    const settled = await this.#watch.settle(options.settleMs ?? DEFAULT_SETTLE_MS);
    for (const stop of end) stop();
    if (!settled.isComplete && settled.left.length === 0)
      throw new Error('The process table could not be read in full, so that nothing is left is not proven.');
    if (options.reap === true) await this.#reap(settled);
    return settled.left.map(leakedProcess);
  }

  /** Nothing that belongs to a claude-mem which lives. */
  async #reap({ left }: SettledLook): Promise<void> {
    if (left.length === 0) return;
    const { signaller } = this.#setting.platform;
    const ports = { watch: this.#watch, signaller, clock: systemClock, observe, usualDataDir: usualDataDir() };
    await terminateLeft(ports, { graceMs: GRACE_MS });
  }
}

function observe(dataDir?: string): Promise<Observation> {
  return createContext({ dataDir, acts: false, ifMissing: 'accept' }).observe({ memory: false });
}

interface TrackerSetting {
  readonly platform: Platform;
  readonly options: TrackOptions;
  readonly end: readonly (() => void)[];
}

/** The channel on which Node.js tells of every child it spawns. */
const SPAWNS = 'child_process';

/** Every child that Node.js spawns in this thread from here on. */
function watchChildren(): { readonly pids: () => ReadonlySet<number>; readonly stop: () => void } {
  const spawned = new Set<ChildProcess>();
  const listener = (message: unknown) => {
    spawned.add((message as { readonly process: ChildProcess }).process);
  };
  subscribe(SPAWNS, listener);
  return {
    pids: () => new Set([...spawned].map(({ pid }) => pid).filter((pid) => pid !== undefined)),
    stop: () => {
      unsubscribe(SPAWNS, listener);
    },
  };
}

/** What inherits this environment bears the mark; a runner that gives tests a copy of it (jest) is found out by descent alone. */
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

function leakedProcess({ row, foundBy }: StartedProcess): LeakedProcess {
  const { pid, ppid, startedAt, command, name } = row;
  return { pid, ppid, startedAt, foundBy, command: command === '' ? `[${name}]` : command };
}

function describe(leaks: readonly LeakedProcess[]): string {
  const title = leaks.length === 1 ? '1 process was left behind:' : `${leaks.length} processes were left behind:`;
  const lines = leaks.map(
    ({ pid, ppid, command, startedAt, foundBy }) =>
      `  pid ${pid}  ${command}\n    parent pid ${ppid}; started ${startedAt}; ${foundBy === 'mark' ? 'bears the mark of this watch' : 'descends from this process'}`,
  );
  return [title, ...lines].join('\n');
}
