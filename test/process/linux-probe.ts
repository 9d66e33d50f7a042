/**
 * Runs one task of the Linux adapter where a test cannot: as another user, or inside a namespace. Prints the answer to
 * stdout as JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { BoundProcess, ProcessTable, SignalResult, Signaller } from '../../src/operations/ports/process.ts';
import { loadLinuxNative, type WaitResult } from '../../src/platform/linux/signal/native.ts';
import { createProcfsFollower } from '../../src/platform/linux/follow/procfs-follower.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { createLinuxSignaller } from '../../src/platform/linux/signal/signaller.ts';

export type Task =
  | { readonly do: 'read'; readonly recordedPids?: readonly number[] }
  | { readonly do: 'signal'; readonly row: ProcessRow; readonly withNative: boolean }
  | { readonly do: 'reuse'; readonly withNative: boolean; readonly sameTick: boolean }
  | { readonly do: 'adopt' }
  | { readonly do: 'follow-reuse'; readonly withNative: boolean };

export interface ReadAnswer {
  readonly snapshot?: ProcessSnapshot;
  readonly error?: { readonly code?: string; readonly hint?: string };
}

export interface SignalAnswer {
  readonly method: string;
  readonly bound: boolean;
  readonly result: SignalResult;
  readonly state: string | undefined;
}

export interface ReuseAnswer {
  readonly method: string;
  readonly isSamePid: boolean;
  readonly isSameTick: boolean;
  readonly result: SignalResult;
  readonly state: string;
  /** The result of binding the row of the dead process after another one has its pid. */
  readonly lateBind: string;
  readonly impostorLives: boolean;
}

export interface AdoptAnswer {
  readonly becameSubreaper: boolean;
  readonly parent: number | undefined;
  readonly self: number;
  readonly whileRunning: WaitResult;
  readonly afterwards: WaitResult;
  /** Asked again, and for pid 1 and -1, which are never bound. */
  readonly again: readonly WaitResult[];
  readonly isListedAfterwards: boolean;
}

export interface FollowReuseAnswer {
  /** The rows of one pid: as first read, as followed after another process took the pid, and as then read in full. */
  readonly before?: ProcessRow;
  readonly after?: ProcessRow;
  readonly truth?: ProcessRow;
}

const WATCHDOG_SECONDS = '60';
/** How many attempts to get two starts into one tick; an attempt takes some milliseconds, a tick is ten. */
const MOST_TRIES = 500;

const table = createProcfsTable();
process.stdout.write(`${JSON.stringify(await answer(JSON.parse(process.argv[2] ?? '') as Task))}\n`);

function answer(task: Task): Promise<ReadAnswer | SignalAnswer | ReuseAnswer | AdoptAnswer | FollowReuseAnswer> {
  switch (task.do) {
    case 'read':
      return read(task.recordedPids ?? []);
    case 'signal':
      return Promise.resolve(signal(createSignaller(task.withNative), task.row));
    case 'reuse':
      return reusePid(createSignaller(task.withNative), task.sameTick);
    case 'adopt':
      return adopt();
    case 'follow-reuse':
      return followReuse(task.withNative);
  }
}

function createSignaller(withNative: boolean): Signaller {
  return createLinuxSignaller(withNative ? {} : { native: null });
}

async function read(recordedPids: readonly number[]): Promise<ReadAnswer> {
  try {
    return { snapshot: await takeSnapshot(recordedPids) };
  } catch (error) {
    return { error: error as { code?: string; hint?: string } };
  }
}

function signal(signaller: Signaller, row: ProcessRow): SignalAnswer {
  const bound = signaller.bind(row, { compareCommand: false });
  const { method } = signaller;
  if (typeof bound === 'string') return { method, bound: false, result: bound, state: undefined };
  const result = bound.signal('SIGKILL');
  const state = bound.state();
  bound.close();
  return { method, bound: true, result, state };
}

/** Lets another process take the pid of a bound one, then signals the bound one. */
async function reusePid(signaller: Signaller, wantsSameTick: boolean): Promise<ReuseAnswer> {
  for (let tries = 1; ; tries += 1) {
    const victim = await start();
    const row = await rowOf(victim);
    const bound = bind(signaller, row);
    await end(victim);
    const impostor = await startAt(row.pid);
    const impostorRow = await rowOf(impostor);
    const isSameTick = impostorRow.startTicks === row.startTicks;
    if (isSameTick !== wantsSameTick && tries < MOST_TRIES) {
      bound.close();
      await end(impostor);
      continue;
    }
    const result = bound.signal('SIGKILL');
    const state = bound.state();
    bound.close();
    const late = signaller.bind(row, { compareCommand: false });
    if (typeof late !== 'string') late.close();
    // If the SIGKILL had reached it, it would not end by this signal.
    const impostorLives = (await end(impostor, 'SIGTERM')) === 'SIGTERM';
    return {
      method: signaller.method,
      isSamePid: impostorRow.pid === row.pid,
      isSameTick,
      result,
      state,
      lateBind: typeof late === 'string' ? late : 'bound',
      impostorLives,
    };
  }
}

/** Lets another process take the pid of one that a follower has cached as settled. */
async function followReuse(withNative: boolean): Promise<FollowReuseAnswer> {
  const native = withNative ? loadLinuxNative() : null;
  const follower = createProcfsFollower({ stableAfterMs: 0, fullEveryMs: Infinity, native });
  const lookAt = async (from: ProcessTable, pid: number) =>
    (await takeSnapshot([], from)).processes.find((row) => row.pid === pid);
  for (;;) {
    const victim = await start();
    const pid = victim.pid ?? 0;
    const before = await lookAt(follower, pid);
    await end(victim);
    const impostor = await startAt(pid);
    const truth = await lookAt(table, pid);
    const after = await lookAt(follower, pid);
    await end(impostor);
    // Within one tick no field of a row distinguishes the two.
    if (before?.startTicks === truth?.startTicks) continue;
    return { ...(before && { before }), ...(after && { after }), ...(truth && { truth }) };
  }
}

/** Becomes a subreaper, orphans a grandchild, and waits for it as for a child. */
async function adopt(): Promise<AdoptAnswer> {
  const native = loadLinuxNative();
  if (native === null) throw new Error('koffi does not load here');
  const becameSubreaper = native.setChildSubreaper();
  const shell = spawn('sh', ['-c', `sleep ${WATCHDOG_SECONDS} >/dev/null & echo $!`]);
  const exit = once(shell, 'exit');
  const [output] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(output.toString());
  await exit;
  const row = (await takeSnapshot([])).processes.find((candidate) => candidate.pid === pid);
  const whileRunning = native.waitPid(pid);
  process.kill(pid, 'SIGTERM');
  let afterwards = native.waitPid(pid);
  while (afterwards.kind === 'running') afterwards = native.waitPid(pid);
  const again = [pid, 1, -1].map((candidate) => native.waitPid(candidate));
  const isListedAfterwards = (await takeSnapshot([])).processes.some((candidate) => candidate.pid === pid);
  return { becameSubreaper, parent: row?.ppid, self: process.pid, whileRunning, afterwards, again, isListedAfterwards };
}

function bind(signaller: Signaller, row: ProcessRow): BoundProcess {
  const bound = signaller.bind(row, { compareCommand: false });
  if (typeof bound === 'string') throw new Error(`pid ${row.pid} could not be bound: ${bound}`);
  return bound;
}

async function rowOf(child: ChildProcess): Promise<ProcessRow> {
  const row = (await takeSnapshot([])).processes.find(({ pid }) => pid === child.pid);
  if (row === undefined) throw new Error(`pid ${child.pid ?? 0} is not listed`);
  return row;
}

/** Only in an own pid namespace: the next process gets the pid after `ns_last_pid`, unless a thread is faster. */
async function startAt(pid: number): Promise<ChildProcess> {
  for (;;) {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    const child = await start();
    if (child.pid === pid) return child;
    await end(child);
  }
}

async function start(): Promise<ChildProcess> {
  const child = spawn('sleep', [WATCHDOG_SECONDS], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

/** Ends a child and returns the signal that ended it. */
async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<unknown> {
  const exit = once(child, 'exit');
  child.kill(signal);
  return (await exit)[1];
}

function takeSnapshot(recordedPids: readonly number[], from: ProcessTable = table): Promise<ProcessSnapshot> {
  return from.snapshot({ dataDir: '/absent', recordedPids: new Set(recordedPids), memory: false });
}
