import { isLateAnswer } from '../../shared/errors.ts';
import type { SpawnedSupervisor, StartOptions, StartPorts } from './start-ports.ts';
import type { SupervisorConnection, TreeStatus } from './tree-lifecycle.ts';

const POLL_MS = 5;
/** How long a starting supervisor may delay one status answer, in milliseconds. */
const LONGEST_ANSWER_MS = 200;

/** Worker restarts after which the start stops waiting for readiness. */
const HOPELESS_RESTARTS = 4;

export const OUT_OF_TIME = 'the tree was not ready in time';

export const NO_ANSWER = 'the supervisor did not answer in time';

/** Undefined if the supervisor exits before it answers, or does not answer by the deadline. */
export async function waitForConnection(
  ports: StartPorts,
  spawned: SpawnedSupervisor,
  deadline: number,
  interrupted: AbortSignal | undefined,
): Promise<SupervisorConnection | undefined> {
  for (;;) {
    // Checked before connecting: a supervisor that exits because another one has the lock is followed by one more look for that one.
    const isLastLook = spawned.hasExited() || ports.clock.now() >= deadline || interrupted?.aborted === true;
    const connection = await ports.connect();
    if (connection !== undefined && connection !== 'late') return connection;
    if (isLastLook) return undefined;
    await ports.clock.sleep(POLL_MS);
  }
}

interface Waited {
  /** The last status received. */
  readonly status: TreeStatus | undefined;
  /** Why the wait ended early; undefined if the status says so, or if the supervisor exited. */
  readonly problem: string | undefined;
}

/** Waits until the tree is ready, gives up, or the deadline passes. A late answer is no end: only a closed connection is. */
export async function waitUntilReady(
  connection: SupervisorConnection,
  { clock, onProgress }: StartPorts,
  { timeoutMs, interrupted }: StartOptions,
): Promise<Waited> {
  const deadline = clock.now() + timeoutMs;
  let status: TreeStatus | undefined;
  for (;;) {
    // The supervisor delays its answer: polling every few milliseconds would take CPU time from the worker that gets ready.
    const waitMs = Math.max(0, Math.min(LONGEST_ANSWER_MS, deadline - clock.now()));
    const answer = await connection
      .status(waitMs)
      .catch((error: unknown) => (isLateAnswer(error) ? ('late' as const) : undefined));
    if (answer === undefined) return { status: undefined, problem: undefined };
    if (answer !== 'late') status = answer;
    if (answer !== 'late' && (answer.state === 'running' || answer.state === 'failed'))
      return { status, problem: undefined };
    if (interrupted?.aborted === true) return { status, problem: 'interrupted' };
    const problem = status?.problem ?? undefined;
    const isHopeless = problem !== undefined && (status?.restarts ?? 0) >= HOPELESS_RESTARTS;
    if (isHopeless || clock.now() >= deadline)
      return { status, problem: answer === 'late' ? NO_ANSWER : (problem ?? OUT_OF_TIME) };
    onProgress(problem === undefined ? 'waiting for the worker' : `waiting for the worker (${problem})`);
    await clock.sleep(POLL_MS);
  }
}
