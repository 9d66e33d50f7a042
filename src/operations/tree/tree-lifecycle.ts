import { JudgementContext, type Case, type JudgementInput } from '../../core/verdicts/judgement-context.ts';
import { planTree } from '../../core/tree/plan-tree.ts';
import { rootEntry, type Role, TREE_ID } from '../../core/tree/manifest.ts';
import { shortId } from '../../core/text/wording.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { RecordedTree } from '../../core/tree/recorded-trees.ts';
import { isLateAnswer } from '../../shared/errors.ts';
import type { Reading } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';

/** What a running supervisor says of itself, as far as the CLI uses it. */
export interface TreeStatus {
  readonly treeId: string;
  readonly version: string;
  readonly state: string;
  readonly startedAt: string;
  readonly port: number | null;
  readonly restarts: number;
  readonly search: { readonly mode: 'semantic' | 'keyword'; readonly reason: string | null };
  readonly problem: string | null;
  readonly healthy: boolean;
  /** What is out of bounds for longer than a moment; absent from a supervisor of an older version. */
  readonly health?: readonly HealthItem[];
  readonly chromaRecycles?: ChromaRecycles | null;
}

export interface HealthItem {
  /** For programs: `count:worker`, `response:search`, `orphans`, `limit:chroma`, … */
  readonly id: string;
  readonly message: string;
  /** ISO 8601. */
  readonly since: string;
}

/** What was done about a Chroma that was over a limit. */
export interface ChromaRecycles {
  /** Since the tree was started. */
  readonly count: number;
  /** ISO 8601. */
  readonly lastAt: string;
  readonly reason: string;
  /** Until when Chroma rests, ISO 8601; null if it may be started at once. */
  readonly restsUntil: string | null;
  /** It was ended by force, because the worker did not. */
  readonly wasForced: boolean;
}

/** A supervisor that answers on its control socket. */
export interface SupervisorConnection {
  readonly treeId: string;
  readonly version: string;
  /**
   * @param waitMs how long one that is starting may keep the answer back until it is ready, in milliseconds; an older one answers at
   * once.
   * @throws LateAnswerError when it does not answer in time; Error when it goes away.
   */
  status(waitMs?: number): Promise<TreeStatus>;
  /** Asks it to end its tree within so many milliseconds; resolves when it has, rejects when it goes first. */
  stop(graceMs: number): Promise<void>;
  close(): void;
}

/**
 * Connects to the supervisor of the data dir. Undefined if nobody listens; `late` if somebody listens and does not greet within so many
 * milliseconds, half a second unless told.
 */
export type ConnectToSupervisor = (withinMs?: number) => Promise<SupervisorConnection | 'late' | undefined>;

/** How long a command that only asks waits for a supervisor, in milliseconds: longer than a busy machine makes it wait. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * What the supervisor says of its tree. Undefined if nobody listens or it goes away; `late` if it does not say it in time, which is no
 * sign that it ended.
 */
export async function askForStatus(
  connect: ConnectToSupervisor,
  clock: Clock,
): Promise<TreeStatus | 'late' | undefined> {
  const deadline = clock.now() + ANSWER_WITHIN_MS;
  const connection = await connect(ANSWER_WITHIN_MS);
  if (connection === undefined || connection === 'late') return connection;
  try {
    for (;;) {
      const status = await connection.status().catch((error: unknown) => (isLateAnswer(error) ? 'late' : undefined));
      if (status !== 'late' || clock.now() >= deadline) return status;
    }
  } finally {
    connection.close();
  }
}

/** What starting and stopping need of the machine. */
export interface LifecyclePorts {
  readonly takeReading: () => Promise<Reading>;
  readonly connect: ConnectToSupervisor;
  readonly signaller: Signaller;
  readonly clock: Clock;
  /** Writes down, for good, that this tree is to end. */
  readonly intendStop: (treeId: string) => void;
  readonly isStopIntended: (treeId: string) => boolean;
}

/** Trees under a supervisor that are recorded here and of which something still runs. A search server on its own is let be. */
export function runningTrees(reading: Reading, context = new JudgementContext(reading)): readonly RecordedTree[] {
  const marked = new Set(context.snapshot.processes.map(({ treeMark }) => treeMark));
  return context.trees.trees.filter(
    (tree) =>
      rootEntry(tree.manifest)?.role === 'supervisor' &&
      // Most manifests are of trees that ended long ago.
      (marked.has(tree.manifest.treeId) || tree.entries.some(({ presence }) => presence === 'alive')) &&
      planTree(context, tree.manifest.treeId).plan.length > 0,
  );
}

/** The ids of the trees under a supervisor of which something runs: recorded, or, where a manifest was lost, marked. */
export function supervisedTrees(reading: Reading): readonly string[] {
  const context = new JudgementContext(reading);
  const recorded = runningTrees(reading, context).map((tree) => tree.manifest.treeId);
  return [...new Set([...recorded, ...unrecordedTrees(context)])];
}

/** What only a supervisor's tree has: a search server on its own gives its Chroma another role. */
const SUPERVISED_ROLES: ReadonlySet<Role | null> = new Set(['supervisor', 'worker', 'search', 'chroma-sync']);

function unrecordedTrees(context: JudgementContext): readonly string[] {
  const treeIds = unrecordedPrograms(context)
    .filter(({ role }) => SUPERVISED_ROLES.has(role))
    .map(({ row }) => row.treeMark ?? '');
  return [...new Set(treeIds)].filter((treeId) => planTree(context, treeId).plan.length > 0);
}

/** A supervisor that runs on this data dir by its marks, and that no manifest there records. */
export interface UnrecordedSupervisor {
  readonly treeId: string;
  readonly row: ProcessRow;
}

/**
 * Supervisors whose data dir was removed or replaced under them, or whose manifest was: nothing that is left in it tells of them. One
 * that was just spawned is among them until it has written its manifest.
 */
export function unrecordedSupervisors(
  reading: JudgementInput,
  context = new JudgementContext(reading),
): readonly UnrecordedSupervisor[] {
  return unrecordedPrograms(context)
    .filter(({ role }) => role === 'supervisor')
    .map(({ row }) => ({ row, treeId: row.treeMark ?? '' }))
    .filter(({ row, treeId }) => planTree(context, treeId).plan.some((planned) => planned.row === row));
}

/** In words that hold whether the data dir or the manifest is not what it was. */
export function describeUnrecorded({ row, treeId }: UnrecordedSupervisor): string {
  return `the supervisor of tree ${shortId(treeId)} (pid ${row.pid}) runs, and no manifest in its data dir records it: that was removed, replaced or damaged`;
}

function unrecordedPrograms(context: JudgementContext): readonly Case[] {
  return context.snapshot.processes
    .filter(({ treeMark }) => typeof treeMark === 'string' && context.trees.tree(treeMark) === undefined)
    .filter(({ treeMark }) => TREE_ID.test(treeMark ?? ''))
    .map((row) => context.caseOf(row, undefined))
    .filter(({ isMarkedHere, isRoleProgram }) => isMarkedHere && isRoleProgram);
}
