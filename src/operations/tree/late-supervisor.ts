import { rootEntry } from '../../core/tree/manifest.ts';
import type { RecordedTree } from '../../core/tree/recorded-trees.ts';
import { ClaudeMemError, isLateAnswer } from '../../shared/errors.ts';
import { runningTrees, type LifecyclePorts } from './tree-lifecycle.ts';

/** How long one attempt waits for a greeting, in milliseconds. Ctrl-C is noticed between two attempts. */
const GREETING_WITHIN_MS = 1_000;
/** Between two attempts, in milliseconds. */
const PAUSE_MS = 100;

export interface LateOptions {
  /** On the clock of the ports, in milliseconds. */
  readonly deadline: number;
  readonly interrupted?: AbortSignal | undefined;
}

/**
 * Waits for a supervisor that is there and does not answer: it is frozen, was spawned a moment ago, or gets no turn on a busy machine.
 * Resolves once the supervisor answers, is gone, or is told to stop. Ends nothing. Call it without the lock, so that `stop` gets its
 * turn.
 * @throws ClaudeMemError `lock-held` at the deadline; `interrupted`.
 */
export async function waitForLateSupervisor(ports: LifecyclePorts, options: LateOptions): Promise<void> {
  const startedAt = ports.clock.now();
  for (;;) {
    const answer = await tryToAsk(ports);
    if (answer === 'answers') return;
    const trees = runningTrees(await ports.takeReading());
    const tree = trees.find((candidate) => !isOver(candidate, ports));
    // Whoever listens and has no record keeps the lock; whoever is told to stop is ended by the start.
    if (tree === undefined && (answer === 'nobody' || trees.length > 0)) return;
    if (options.interrupted?.aborted === true) throw interruptedStart();
    if (ports.clock.now() >= options.deadline) throw doesNotAnswer(tree, ports.clock.now() - startedAt);
    await ports.clock.sleep(PAUSE_MS);
  }
}

async function tryToAsk(ports: LifecyclePorts): Promise<'answers' | 'late' | 'nobody'> {
  const connection = await ports.connect(GREETING_WITHIN_MS);
  if (connection === undefined) return 'nobody';
  if (connection === 'late') return 'late';
  try {
    if (!ports.isStopIntended(connection.treeId)) await connection.status();
    return 'answers';
  } catch (error) {
    return isLateAnswer(error) ? 'late' : 'nobody';
  } finally {
    connection.close();
  }
}

/** Its root is gone, or it was told to stop. */
export function isOver({ rootPresence, manifest }: RecordedTree, ports: LifecyclePorts): boolean {
  return rootPresence === 'gone' || ports.isStopIntended(manifest.treeId);
}

export function interruptedStart(): ClaudeMemError {
  return new ClaudeMemError('interrupted', 'interrupted; no tree was started');
}

function doesNotAnswer(tree: RecordedTree | undefined, waitedMs: number): ClaudeMemError {
  const root = tree === undefined ? undefined : rootEntry(tree.manifest);
  const pid = root?.identity.pid ?? '?';
  const seconds = Math.round(waitedMs / 1_000);
  return new ClaudeMemError(
    'lock-held',
    `the supervisor of this data dir (pid ${pid}) is there and does not answer; waited ${seconds} s for it`,
    { hint: 'End it with `claude-mem stop`, or replace it with `claude-mem restart`.' },
  );
}
