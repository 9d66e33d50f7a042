import { ClaudeMemError, isLateAnswer } from '../../shared/errors.ts';
import type { Reading } from '../observe/observe.ts';
import { isOver } from './late-supervisor.ts';
import {
  describeUnrecorded,
  runningTrees,
  unrecordedSupervisors,
  type LifecyclePorts,
  type SupervisorConnection,
  type UnrecordedSupervisor,
} from './tree-lifecycle.ts';

/** Wait for a supervisor without a record, in milliseconds: the start that spawned it may have been killed a moment ago. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;

export interface Running {
  readonly connection: SupervisorConnection;
  /** True for a tree that runs or starts; false for one that failed, stops or has a stop intent, and so is replaced. */
  readonly isKept: boolean;
}

/** `late` for a supervisor that exists but does not answer yet. */
export async function findRunning(
  ports: LifecyclePorts,
  reading: Reading,
  first: SupervisorConnection | 'late' | undefined,
): Promise<Running | 'late' | undefined> {
  const running = typeof first === 'object' ? await askWhetherKept(ports, first) : undefined;
  if (running !== undefined) return running;
  return runningTrees(reading).some((tree) => !isOver(tree, ports)) ? 'late' : undefined;
}

/** Undefined if the supervisor exits. */
export async function askWhetherKept(
  ports: LifecyclePorts,
  connection: SupervisorConnection,
): Promise<Running | 'late' | undefined> {
  if (ports.isStopIntended(connection.treeId)) return { connection, isKept: false };
  try {
    const { state } = await connection.status();
    return { connection, isKept: state === 'running' || state === 'starting' };
  } catch (error) {
    connection.close();
    return isLateAnswer(error) ? 'late' : undefined;
  }
}

/**
 * Connects to a supervisor that only its marks prove. Either a killed start has just spawned it, and it answers in a moment, or its data
 * dir was removed or replaced. In the second case its lock is on the old file, so this check alone prevents a second tree.
 * @throws ClaudeMemError `lock-held` if the supervisor stays without a record and does not answer.
 */
export async function connectToUnrecorded(
  ports: LifecyclePorts,
  reading: Reading,
  heldTreeId: string | undefined,
): Promise<SupervisorConnection | 'late' | undefined> {
  const isNotOurs = ({ treeId }: UnrecordedSupervisor) => treeId !== heldTreeId;
  if (!unrecordedSupervisors(reading).some(isNotOurs)) return undefined;
  const connection = await connectPatiently(ports, PATIENCE_MS);
  if (connection !== undefined) return connection;
  const lost = unrecordedSupervisors(await ports.takeReading()).find(isNotOurs);
  if (lost === undefined) return undefined;
  throw new ClaudeMemError('lock-held', `${describeUnrecorded(lost)}; start does not add a second tree`, {
    hint: 'Stop it with `claude-mem stop` and start again, or replace it with `claude-mem restart`.',
  });
}

async function connectPatiently(
  ports: LifecyclePorts,
  patienceMs: number,
): Promise<SupervisorConnection | 'late' | undefined> {
  const deadline = ports.clock.now() + patienceMs;
  for (;;) {
    const connection = await ports.connect();
    if (connection !== undefined || ports.clock.now() >= deadline) return connection;
    await ports.clock.sleep(POLL_MS);
  }
}
