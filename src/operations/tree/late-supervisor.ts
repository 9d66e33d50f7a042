import { rootEntry } from '../../core/tree/manifest.ts';
import type { RecordedTree } from '../../core/tree/recorded-trees.ts';
import { ClaudeMemError, isLateAnswer } from '../../shared/errors.ts';
import { runningTrees, type LifecyclePorts } from './tree-lifecycle.ts';

/** Time limit for one greeting, in milliseconds. Ctrl-C is checked between two attempts. */
const GREETING_WITHIN_MS = 1_000;
/** Pause between two attempts, in milliseconds. */
const PAUSE_MS = 100;

export interface LateOptions {
  /** Milliseconds on the clock of the ports. */
  readonly deadline: number;
  readonly interrupted?: AbortSignal | undefined;
}

/**
 * Waits for a supervisor that exists but does not answer: it is frozen, has just been spawned, or gets no CPU time on a busy machine.
 * Resolves once the supervisor answers, is gone, or has a stop intent. Ends no process. Call it without the operation lock, so that
 * `stop` can run meanwhile.
 * @throws ClaudeMemError `lock-held` at the deadline; `interrupted`.
 */
export async function waitForLateSupervisor(ports: LifecyclePorts, options: LateOptions): Promise<void> {
  const startedAt = ports.clock.now();
  for (;;) {
    const answer = await tryToAsk(ports);
    if (answer === 'answers') return;
    const trees = runningTrees(await ports.takeReading());
    const tree = trees.find((candidate) => !isOver(candidate, ports));
    // A listener without a record may hold the supervisor's lock, so the wait goes on. A tree with a stop intent is ended by the start.
    if (tree === undefined && (answer === 'silent' || trees.length > 0)) return;
    if (options.interrupted?.aborted === true) throw interruptedStart();
    if (ports.clock.now() >= options.deadline) throw doesNotAnswer(tree, ports.clock.now() - startedAt);
    await ports.clock.sleep(PAUSE_MS);
  }
}

async function tryToAsk(ports: LifecyclePorts): Promise<'answers' | 'late' | 'silent'> {
  const connection = await ports.connect(GREETING_WITHIN_MS);
  if (connection === undefined) return 'silent';
  if (connection === 'late') return 'late';
  try {
    if (!ports.isStopIntended(connection.treeId)) await connection.status();
    return 'answers';
  } catch (error) {
    return isLateAnswer(error) ? 'late' : 'silent';
  } finally {
    connection.close();
  }
}

/** Whether the tree's root is gone, or the tree has a stop intent. */
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
    `the supervisor of this data dir (pid ${pid}) did not answer for ${seconds} s`,
    { hint: 'Stop the tree with `claude-mem stop`, or replace it with `claude-mem restart`.' },
  );
}
