import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUN_MARK } from './run-mark.ts';

/** What a test has ended may need this long to leave the process table, in milliseconds. */
const SETTLE_MS = 5_000;
const PAUSE_MS = 50;

export interface Leftover {
  readonly pid: number;
  readonly ppid: number;
  /** Clock ticks since boot. */
  readonly startTicks: number;
  readonly command: string;
}

/**
 * Waits until nothing that bears this run's mark is left; what is left then is ended by pid and returned, one line a process. Where
 * there is no /proc nothing can be found.
 */
export async function endLeftovers(mark: string, settleMs = SETTLE_MS): Promise<readonly string[]> {
  const until = performance.now() + settleMs;
  let left = findLeftovers(mark);
  while (left.length > 0 && performance.now() < until) {
    await sleep(PAUSE_MS);
    left = findLeftovers(mark);
  }
  for (const leftover of left) end(leftover);
  return left.map(({ pid, ppid, command }) => `pid ${pid}, parent ${ppid}: ${command}`);
}

/** Living processes with this run's mark in their environment, without the test runner's own. */
export function findLeftovers(mark: string): readonly Leftover[] {
  const entry = `${RUN_MARK}=${mark}`;
  return pids()
    .filter((pid) => pid !== process.pid && read(pid, 'environ')?.split('\0').includes(entry))
    .map(describe)
    .filter((found) => found !== undefined)
    .filter((found) => !isTestRunners(found));
}

function describe(pid: number): Leftover | undefined {
  const stat = read(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may hold some itself: count from the last.
  const [state, ppid, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const command = (read(pid, 'cmdline') ?? '').split('\0').join(' ').trim();
  return { pid, ppid: Number(ppid), startTicks: Number(rest[17]), command };
}

/** The workers of vitest and the esbuild service of its bundler are children of this process and end with it. */
function isTestRunners({ ppid, command }: Leftover): boolean {
  return ppid === process.pid && /\/node_modules\/(?:vitest|@?esbuild|vite|rolldown)\//.test(command);
}

function end(leftover: Leftover): void {
  if (describe(leftover.pid)?.startTicks !== leftover.startTicks) return;
  try {
    process.kill(leftover.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function pids(): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined where the process is gone or another user's. */
function read(pid: number, file: string): string | undefined {
  try {
    return readProcText(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
