import { JudgementContext, type Case, type JudgementInput } from '../../core/verdicts/judgement-context.ts';
import { planTree } from '../../core/tree/plan-tree.ts';
import { rootEntry, type Role, TREE_ID } from '../../core/tree/manifest.ts';
import { shortId } from '../../core/text/wording.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { RecordedTree } from '../../core/tree/recorded-trees.ts';
import { isLateAnswer } from '../../shared/errors.ts';
import type { Reading } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';

/** A supervisor's own report of its tree, as far as the CLI uses it. */
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
  /** Breaches that last; absent from a supervisor of an older version. */
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

/** Recycles of a Chroma that was over a limit. */
export interface ChromaRecycles {
  /** Since the tree was started. */
  readonly count: number;
  /** ISO 8601. */
  readonly lastAt: string;
  readonly reason: string;
  /** Earliest next start of Chroma, ISO 8601; null: no delay. */
  readonly restsUntil: string | null;
  /** Whether the supervisor killed Chroma, because the worker did not end it in time. */
  readonly wasForced: boolean;
}

/** A supervisor that answers on its control socket. */
export interface SupervisorConnection {
  readonly treeId: string;
  readonly version: string;
  /**
   * @param waitMs how long a starting supervisor may delay its answer until the tree is ready, in milliseconds. Older versions ignore
   * it.
   * @throws LateAnswerError without an answer in time; Error if the supervisor exits.
   */
  status(waitMs?: number): Promise<TreeStatus>;
  /** Asks the supervisor to end its tree within `graceMs`. Resolves once the tree has ended; rejects if the supervisor exits first. */
  stop(graceMs: number): Promise<void>;
  close(): void;
}

/**
 * Connects to the supervisor of the data dir. Undefined without a listener; `late` if a listener sends no greeting within `withinMs`
 * (default 500).
 */
export type ConnectToSupervisor = (withinMs?: number) => Promise<SupervisorConnection | 'late' | undefined>;

/** How long a command that only asks waits for a supervisor, in milliseconds: more than a busy machine needs. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Asks the supervisor for the status of its tree. Undefined without a listener, or if the supervisor exits; `late` without an answer in
 * time, which does not mean that it exited.
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

/** The ports of start and stop. */
export interface LifecyclePorts {
  readonly takeReading: () => Promise<Reading>;
  readonly connect: ConnectToSupervisor;
  readonly signaller: Signaller;
  readonly clock: Clock;
  /** Writes the stop intent of a tree. An intent is never withdrawn. */
  readonly intendStop: (treeId: string) => void;
  readonly isStopIntended: (treeId: string) => boolean;
}

/** The recorded supervised trees with at least one running process. Excludes standalone search servers. */
export function runningTrees(reading: Reading, context = new JudgementContext(reading)): readonly RecordedTree[] {
  const marked = new Set(context.snapshot.processes.map(({ treeMark }) => treeMark));
  return context.trees.trees.filter(
    (tree) =>
      rootEntry(tree.manifest)?.role === 'supervisor' &&
      // A cheap test first: most manifests belong to trees that ended long ago.
      (marked.has(tree.manifest.treeId) || tree.entries.some(({ presence }) => presence === 'alive')) &&
      planTree(context, tree.manifest.treeId).plan.length > 0,
  );
}

/** The ids of supervised trees with at least one running process, from manifests and, for lost manifests, from marks. */
export function supervisedTrees(reading: Reading): readonly string[] {
  const context = new JudgementContext(reading);
  const recorded = runningTrees(reading, context).map((tree) => tree.manifest.treeId);
  return [...new Set([...recorded, ...unrecordedTrees(context)])];
}

/** The roles that exist in supervised trees only: the Chroma of a standalone search server has another role. */
const SUPERVISED_ROLES: ReadonlySet<Role | null> = new Set(['supervisor', 'worker', 'search', 'chroma-sync']);

function unrecordedTrees(context: JudgementContext): readonly string[] {
  const treeIds = unrecordedPrograms(context)
    .filter(({ role }) => SUPERVISED_ROLES.has(role))
    .map(({ row }) => row.treeMark ?? '');
  return [...new Set(treeIds)].filter((treeId) => planTree(context, treeId).plan.length > 0);
}

/** A supervisor without a manifest: only its marks show that it runs on this data dir. */
export interface UnrecordedSupervisor {
  readonly treeId: string;
  readonly row: ProcessRow;
}

/**
 * Finds supervisors without a manifest: the data dir or the manifest was removed or replaced while they ran. A supervisor that has just
 * been spawned is among them until it has written its manifest.
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

/** Half a sentence for people. It covers both causes: a lost data dir and a lost manifest. */
export function describeUnrecorded({ row, treeId }: UnrecordedSupervisor): string {
  return `the supervisor of tree ${shortId(treeId)} (pid ${row.pid}) is running without a manifest: its data dir or its manifest was removed, replaced or damaged`;
}

function unrecordedPrograms(context: JudgementContext): readonly Case[] {
  return context.snapshot.processes
    .filter(({ treeMark }) => typeof treeMark === 'string' && context.trees.tree(treeMark) === undefined)
    .filter(({ treeMark }) => TREE_ID.test(treeMark ?? ''))
    .map((row) => context.caseOf(row, undefined))
    .filter(({ isMarkedHere, isRoleProgram }) => isMarkedHere && isRoleProgram);
}
