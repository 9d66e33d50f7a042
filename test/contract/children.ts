import { type ChildProcess, spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { runMark } from '../helpers/run-mark.ts';

/** A test that dies leaves its children behind; they end by themselves. */
export const WATCHDOG_SECONDS = 60;
/** A node that prints `up` and waits. It accepts further arguments. */
export const WAITING_NODE = ['-e', `console.log('up'); setTimeout(() => {}, ${WATCHDOG_SECONDS}_000)`] as const;

export interface Children {
  /** Starts a program; it is ended, by its own handle, when the test is over. */
  start(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess & { readonly pid: number };
  /** Ends a process that a child has started. */
  endLater(pid: number): void;
}

/** The children of one test at a time. */
export function useChildren(): Children {
  let started: ChildProcess[] = [];
  let grandchildren: number[] = [];
  afterEach(async () => {
    // Grandchildren first: while their parent lives, the pid cannot be anybody else's.
    for (const pid of grandchildren) end(pid);
    await Promise.all(started.map(endChild));
    started = [];
    grandchildren = [];
  });
  return {
    start(command, args, options = {}) {
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
      const { pid } = child;
      if (pid === undefined) throw new Error(`${command} could not be started`);
      started.push(child);
      return Object.assign(child, { pid });
    },
    endLater(pid) {
      grandchildren.push(pid);
    },
  };
}

/** Ends a child and waits until the system has forgotten it. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/**
 * The interpreter itself: a `python3` on the PATH may be a script that looks for one. Undefined without Python. Under Wine, a program of
 * that name.
 */
export function findPython(): string | undefined {
  if (process.platform === 'win32') return process.env.CLAUDE_MEM_TEST_PYTHON;
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** An environment of these variables and nothing else but the mark of the test run. */
export function cleanEnvironment(variables: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, ...runMark(), ...variables };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
