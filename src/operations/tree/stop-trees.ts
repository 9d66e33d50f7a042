import { JudgementContext } from '../../core/verdicts/judgement-context.ts';
import { planTree, type TreePlan } from '../../core/tree/plan-tree.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';
import { terminateTrees } from '../terminate/terminate-tree.ts';
import type { Reading } from '../observe/observe.ts';
import type { Outcome, TerminationOptions } from '../terminate/terminate.ts';
import { whyUnwritten } from './unwritten.ts';
import { supervisedTrees, type LifecyclePorts, type SupervisorConnection } from './tree-lifecycle.ts';

export interface StopResult {
  /** Whether a tree was found to stop. */
  readonly wasRunning: boolean;
  readonly treeId: string | null;
  readonly ended: readonly Outcome[];
  readonly remaining: TreePlan['plan'];
  readonly left: readonly ProcessRow[];
  /** The last reading: the proof that the tree is gone. */
  readonly reading: Reading;
  readonly isComplete: boolean;
  /** Records that could not be written, a sentence each. They do not limit what is ended. */
  readonly unwritten: readonly string[];
}

export interface StopOptions extends TerminationOptions {
  /** Selects trees; absent: all. */
  readonly isSelected?: (treeId: string) => boolean;
}

/**
 * Ends every supervised tree of this data dir under one deadline: asks the supervisor, then sends SIGTERM, then SIGKILL. A fresh reading
 * then proves that no process is left. Works if the supervisor hangs or is gone. Callers hold `operation.lock`.
 */
export async function stopTrees(ports: LifecyclePorts, options: StopOptions): Promise<StopResult> {
  const startedAt = ports.clock.now();
  const reading = await ports.takeReading();
  const isSelected = options.isSelected ?? (() => true);
  const { connection, isLate } = await connectTo(ports, isSelected);
  try {
    const treeIds = new Set(supervisedTrees(reading).filter(isSelected));
    // If the manifest is damaged, only the answer names the tree.
    if (connection !== undefined) treeIds.add(connection.treeId);
    if (treeIds.size === 0) return nothingRuns(reading, isLate);
    const unwritten = intendStops(ports, treeIds);

    const before = plannedRows(reading, treeIds);
    if (connection !== undefined) await askToStop(connection, ports, options, before);
    const elapsedMs = ports.clock.now() - startedAt;
    const { outcomes, ...result } = await terminateTrees(ports, treeIds, remainder(options, elapsedMs));
    const [first] = treeIds;
    return {
      ...result,
      isComplete: result.isComplete && areRecordsKnown(result.reading, treeIds),
      wasRunning: true,
      unwritten,
      treeId: connection?.treeId ?? first ?? null,
      ended: [...endedByItself(before, { ended: outcomes, remaining: result.remaining }, elapsedMs), ...outcomes],
    };
  } finally {
    connection?.close();
  }
}

/** The rest of the grace period; 0 after a second Ctrl-C, which kills the remaining processes immediately. */
function remainder({ graceMs, interrupted, forced, onProgress }: StopOptions, elapsedMs: number): TerminationOptions {
  const progress = onProgress === undefined ? {} : { onProgress };
  if (forced?.aborted === true) return { graceMs: 0, ...progress };
  return {
    graceMs: Math.max(0, graceMs - elapsedMs),
    ...(interrupted === undefined ? {} : { interrupted }),
    ...(forced === undefined ? {} : { forced }),
    ...progress,
  };
}

/** The stop intent keeps a frozen supervisor from restarting the tree later. If it cannot be written, signals still end the tree. */
function intendStops({ intendStop }: LifecyclePorts, treeIds: ReadonlySet<string>): readonly string[] {
  const reasons = [...treeIds].map((treeId) =>
    whyUnwritten(() => {
      intendStop(treeId);
    }),
  );
  return reasons.filter((reason) => reason !== undefined);
}

async function connectTo(
  ports: LifecyclePorts,
  isSelected: (treeId: string) => boolean,
): Promise<{ readonly connection: SupervisorConnection | undefined; readonly isLate: boolean }> {
  const connection = await ports.connect();
  // Does not wait for a late supervisor: its tree is ended by identity.
  if (connection === 'late') return { connection: undefined, isLate: true };
  if (connection === undefined || isSelected(connection.treeId)) return { connection, isLate: false };
  connection.close();
  return { connection: undefined, isLate: false };
}

function nothingRuns(reading: Reading, isLate: boolean): StopResult {
  const { snapshot } = reading;
  return {
    wasRunning: false,
    treeId: null,
    ended: [],
    remaining: [],
    left: [],
    unwritten: [],
    reading,
    // An unreadable manifest may record a running tree, and a listener that does not greet may belong to one.
    isComplete: !isLate && snapshot.complete && snapshot.unreadable === 0 && reading.damaged.length === 0,
  };
}

/** A tree without a manifest is known by its marks alone; a damaged manifest may record more of its processes. */
function areRecordsKnown({ manifests, damaged }: Reading, treeIds: ReadonlySet<string>): boolean {
  if (damaged.length === 0) return true;
  const known = new Set(manifests.map(({ treeId }) => treeId));
  return [...treeIds].every((treeId) => known.has(treeId));
}

function plannedRows(reading: Reading, treeIds: ReadonlySet<string>): readonly ProcessRow[] {
  const context = new JudgementContext(reading);
  return [...treeIds].flatMap((treeId) => planTree(context, treeId).plan.map(({ row }) => row));
}

/** Waits for the supervisor to end its tree and itself. The caller then ends the rest by identity. */
async function askToStop(
  connection: SupervisorConnection,
  { clock, signaller }: LifecyclePorts,
  options: TerminationOptions,
  rows: readonly ProcessRow[],
): Promise<void> {
  const deadline = clock.now() + options.graceMs;
  let hasAnswered = false;
  void connection
    .stop(options.graceMs)
    .catch(() => undefined)
    .then(() => (hasAnswered = true));
  const isForced = () => options.forced?.aborted === true;
  await until(() => hasAnswered || isForced() || clock.now() >= deadline);
  // The supervisor answers shortly before it exits.
  const bound = rows
    .map((row) => signaller.bind(row, { compareCommand: false }))
    .filter((item) => typeof item !== 'string');
  const isGone = () => bound.every((item) => item.state() === 'gone');
  await until(() => isGone() || isForced() || clock.now() >= deadline);
  for (const item of bound) item.close();

  async function until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await clock.sleep(POLL_MS);
  }
}

const POLL_MS = 5;

/** The outcomes of processes that the supervisor ended: planned before, gone now, and not ended by this command. */
function endedByItself(
  before: readonly ProcessRow[],
  { ended, remaining }: { readonly ended: readonly Outcome[]; readonly remaining: TreePlan['plan'] },
  elapsedMs: number,
): readonly Outcome[] {
  const accounted = new Set(ended.map(({ pid }) => pid));
  const there = new Set(remaining.map(keyOf));
  // The supervisor ended them. Which signal it used, if any, is not known here.
  return before
    .filter((row) => !accounted.has(row.pid) && !there.has(keyOf({ row })))
    .map(({ pid }) => ({ pid, outcome: 'exited', signal: null, elapsedMs: Math.round(elapsedMs) }));
}
