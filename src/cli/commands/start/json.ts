import { judgeReading } from '../../../operations/observe/observe.ts';
import type { StartPorts, StartResult } from '../../../operations/tree/start-ports.ts';
import { stopTrees, type StopResult } from '../../../operations/tree/stop-trees.ts';
import { OUT_OF_TIME } from '../../../operations/tree/wait-until-ready.ts';
import { whyUnwritten } from '../../../operations/tree/unwritten.ts';
import type { Outcome } from '../../../operations/terminate/terminate.ts';
import type { Context } from '../../context.ts';
import { commandOn } from '../../terminal/hint.ts';

/** `start`, `stop` and `restart --json`. Field names are API: add, never rename. */
export interface LifecycleReport {
  readonly schemaVersion: 1;
  readonly command: 'start' | 'stop' | 'restart';
  readonly ok: boolean;
  readonly treeId: string | null;
  readonly alreadyRunning: boolean;
  readonly processes: readonly { readonly role: string | null; readonly pid: number }[];
  readonly ended: readonly Outcome[];
  readonly remaining: readonly { readonly role: string | null; readonly pid: number; readonly command: string }[];
  /** Processes with the mark of the tree that are no claude-mem programs. Not ended. */
  readonly left: readonly { readonly pid: number; readonly name: string; readonly command: string }[];
  /** Records that could not be written, with the reason. The processes were ended anyway. */
  readonly unwritten: readonly string[];
  readonly elapsedMs: number;
  readonly port: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

const GRACE_MS = 5_000;

/** Ends the tree of a failed start and nothing else. Also works without the operation lock and without writable records. */
export async function finishStart(result: StartResult, ports: StartPorts): Promise<StopResult> {
  const unwritten: string[] = [];
  const note = (reason: string | undefined) => reason !== undefined && unwritten.push(reason) > 0;
  const stopped = await ports.underOperationLock(
    async () => {
      const ended = await stopTrees(ports, { graceMs: GRACE_MS, isSelected: (treeId) => treeId === result.treeId });
      note(
        whyUnwritten(() => {
          ports.tidy(judgeReading(ended.reading));
        }),
      );
      return ended;
    },
    undefined,
    ({ message }) => note(message),
  );
  return { ...stopped, unwritten: [...stopped.unwritten, ...unwritten] };
}

/** Leftovers that could not be ended. They do not block a start. */
function survivorsOf({ ended }: Pick<StartResult, 'ended'>): readonly Outcome[] {
  return ended.filter(({ outcome }) => outcome === 'survived' || outcome === 'permission-denied');
}

export async function reportStart(
  command: 'start' | 'restart',
  input: {
    readonly result: StartResult;
    readonly ended: StopResult | undefined;
    readonly left: StopResult['left'];
    readonly unwritten: readonly string[];
    readonly context: Context;
    readonly elapsedMs: number;
    /** The reason why a tree cannot be recorded now. */
    readonly unrecordable: string | undefined;
    /** Value of `--data-dir`, for the commands in hints. */
    readonly dataDirFlag: string | undefined;
  },
): Promise<LifecycleReport> {
  const { result, ended } = input;
  const { treeId } = result;
  const { byPid } = result.observation.index;
  const dead = survivorsOf(result).map(({ pid }) => ({ role: null, pid, command: byPid.get(pid)?.command ?? '' }));
  const remaining = (ended?.remaining ?? []).map(({ row, role }) => ({ role, pid: row.pid, command: row.command }));
  return {
    schemaVersion: 1,
    command,
    ok: result.ok,
    treeId,
    alreadyRunning: result.alreadyRunning,
    processes: result.ok
      ? (await input.context.running(treeId)).map(({ role, identity: { pid } }) => ({ role, pid }))
      : [],
    ended: [...result.ended, ...(ended?.ended ?? [])],
    remaining: [...dead, ...remaining.filter(({ pid }) => !dead.some((other) => other.pid === pid))],
    left: leftAlone(input.left),
    unwritten: [...input.unwritten, ...result.unwritten, ...(ended?.unwritten ?? [])],
    elapsedMs: Math.round(input.elapsedMs),
    port: result.status?.port ?? null,
    error: result.ok
      ? null
      : {
          code: 'not-ready',
          message: problemOf(result, input.unrecordable),
          hint: hintFor(result, { command, dataDirFlag: input.dataDirFlag }),
        },
  };
}

function hintFor(
  { problem }: StartResult,
  { command, dataDirFlag }: { readonly command: string; readonly dataDirFlag: string | undefined },
): string {
  const logs = `See: ${commandOn(dataDirFlag, 'logs')}`;
  // The first start after an upgrade may have to update a large memory.
  return problem === OUT_OF_TIME
    ? `${logs}\nTo give it more time:  ${commandOn(dataDirFlag, command, '--timeout', '5m')}`
    : logs;
}

/** A supervisor that cannot write its manifest cannot log the reason either. */
function problemOf({ problem = 'not ready' }: StartResult, unrecordable: string | undefined): string {
  const isSaid = unrecordable === undefined || problem.includes('cannot write');
  return isSaid ? problem : `${problem}; ${unrecordable}`;
}

export function reportStop(result: StopResult, elapsedMs: number): LifecycleReport {
  return {
    schemaVersion: 1,
    command: 'stop',
    ok: result.remaining.length === 0 && result.isComplete,
    treeId: result.treeId,
    alreadyRunning: false,
    processes: [],
    ended: result.ended,
    remaining: result.remaining.map(({ row, role }) => ({ role, pid: row.pid, command: row.command })),
    left: leftAlone(result.left),
    unwritten: result.unwritten,
    elapsedMs: Math.round(elapsedMs),
    port: null,
    error: null,
  };
}

function leftAlone(rows: StopResult['left']): LifecycleReport['left'] {
  return rows.map(({ pid, name, command }) => ({ pid, name, command }));
}
