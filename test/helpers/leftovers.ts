import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUN_MARK } from './run-mark.ts';

/** Time for an ended process to leave the process table, in milliseconds. */
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
 * Waits until no process with this run's mark is left, then ends the rest by pid. Finds nothing on systems without /proc.
 * @returns one line per ended process.
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

/** Finds living processes with this run's mark in their environment, except those of the test runner. */
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
  // The name is in parentheses and may contain some itself, so parse from the last one.
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

/** Undefined if the process is gone or belongs to another user. */
function read(pid: number, file: string): string | undefined {
  try {
    return readProcText(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
