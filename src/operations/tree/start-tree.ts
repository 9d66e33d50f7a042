import { planReap } from '../../core/verdicts/plan-reap.ts';
import { ClaudeMemError, isLateAnswer } from '../../shared/errors.ts';
import { terminateUntilQuiet } from '../terminate/terminate-until-quiet.ts';
import { interruptedStart, isOver, waitForLateSupervisor } from './late-supervisor.ts';
import { judgeReading, type Observation, type Reading } from '../observe/observe.ts';
import { stopTrees } from './stop-trees.ts';
import { whyUnwritten } from './unwritten.ts';
import type { Outcome } from '../terminate/terminate.ts';
import {
  describeUnrecorded,
  runningTrees,
  unrecordedSupervisors,
  type UnrecordedSupervisor,
  type LifecyclePorts,
  type SupervisorConnection,
  type TreeStatus,
} from './tree-lifecycle.ts';

/** A supervisor that this start spawned. */
export interface SpawnedSupervisor {
  readonly pid: number;
  readonly treeId: string;
  readonly hasExited: () => boolean;
}

/** A spawned supervisor that has loaded its program and waits for its release. It has written nothing yet. */
export interface HeldSupervisor extends SpawnedSupervisor {
  readonly release: () => void;
  /** Ends the supervisor, unless it was released. */
  readonly dismiss: () => Promise<void>;
}

export interface StartPorts extends LifecyclePorts {
  /** Spawns a supervisor for a new tree; the supervisor waits for its release. */
  readonly spawnSupervisor: () => HeldSupervisor;
  /** @throws ClaudeMemError `lock-held`, naming the process that holds the supervisor's lock. */
  readonly assertLockFree: () => Promise<void>;
  /** @throws ClaudeMemError `port-taken`, naming the process that listens on the port. */
  readonly assertPortFree: () => Promise<void>;
  /**
   * Runs an action under `operation.lock`.
   * @param interrupted stops waiting for the lock.
   * @param goesOnWithout decides whether the action runs without the lock, given the reason why the lock is unavailable; absent: never.
   */
  readonly underOperationLock: <T>(
    action: () => Promise<T>,
    interrupted?: AbortSignal,
    goesOnWithout?: (reason: ClaudeMemError) => boolean,
  ) => Promise<T>;
  /** Updates the manifests of dead trees from an observation. */
  readonly tidy: (observation: Observation) => void;
  /** Reports the current step, for people. */
  readonly onProgress: (doing: string) => void;
}

export interface StartResult {
  /** The last status received; undefined if the supervisor exited or never answered. */
  readonly status: TreeStatus | undefined;
  readonly ok: boolean;
  readonly alreadyRunning: boolean;
  readonly treeId: string;
  /** Leftovers that this start tried to end first; check each outcome. */
  readonly ended: readonly Outcome[];
  /** The reading after that. It may contain orphans that only their command line proves: `start` reports them and leaves them to `reap`. */
  readonly observation: Observation;
  readonly problem: string | undefined;
  /** Records that could not be written, with the reason. */
  readonly unwritten: readonly string[];
}

export interface StartOptions {
  /** Time limit for the new tree's readiness, in milliseconds. */
  readonly timeoutMs: number;
  /** Runs first, under the same lock, so that no other command starts a tree in between. */
  readonly before?: () => Promise<readonly Outcome[]>;
  /** Aborted by Ctrl-C: the current step is completed, and no further step begins. */
  readonly interrupted?: AbortSignal;
}

const GRACE_FOR_LEFTOVERS_MS = 5_000;
/** How long the start holds the lock while a spawned supervisor does not answer, in milliseconds. The start then waits without the lock. */
const ANSWER_WITHIN_MS = 10_000;
/** Wait for a supervisor without a record, in milliseconds: the start that spawned it may have been killed a moment ago. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;
/** How long a starting supervisor may delay one status answer, in milliseconds. */
const LONGEST_ANSWER_MS = 200;

/** Worker restarts after which the start stops waiting for readiness. */
const HOPELESS_RESTARTS = 4;

/**
 * Starts the tree unless it runs: ends leftovers, spawns the supervisor, waits for readiness. The start holds the lock while it ends
 * and spawns, not while it waits for an answer. It waits for a supervisor that answers late: it ends a tree that it did not spawn only
 * if the root is gone, a stop intent is written, or the supervisor itself reports that it failed or stops.
 * @throws ClaudeMemError `lock-held`, `port-taken`, `interrupted`; in each case no tree was started.
 */
export async function startTree(ports: StartPorts, options: StartOptions): Promise<StartResult> {
  const deadline = ports.clock.now() + options.timeoutMs;
  const { spawned, ...beginning } =
    (await joinRunning(ports, options)) ?? (await beginPatiently(ports, options, deadline));
  const connection =
    beginning.connection ?? (spawned && (await waitForConnection(ports, spawned, deadline, options.interrupted)));
  if (connection === undefined) {
    const problem = spawned?.hasExited() === true ? 'the supervisor exited before it answered' : NO_ANSWER;
    return { ...beginning, status: undefined, ok: false, problem };
  }
  const { treeId } = connection;
  // Another supervisor may have taken the lock first.
  const alreadyRunning = treeId !== spawned?.treeId;
  try {
    const { status, problem } = await waitUntilReady(connection, ports, options);
    const ok = problem === undefined && status?.state === 'running';
    return {
      ...beginning,
      treeId,
      alreadyRunning,
      status,
      ok,
      problem: ok ? undefined : (problem ?? status?.problem ?? WENT_AWAY),
    };
  } finally {
    connection.close();
  }
}

const NO_ANSWER = 'the supervisor did not answer in time';
const WENT_AWAY = 'the supervisor exited';

interface Beginning extends Omit<StartResult, 'status' | 'ok' | 'problem'> {
  readonly connection: SupervisorConnection | undefined;
  /** Spawned by this start. No other command ends it if the start fails. */
  readonly spawned: SpawnedSupervisor | undefined;
}

/** Joins a running tree without the lock, so that many concurrent starts do not have to queue. */
async function joinRunning(ports: StartPorts, options: StartOptions): Promise<Beginning | undefined> {
  if (options.before !== undefined) return undefined;
  const connection = await ports.connect();
  if (connection === undefined || connection === 'late') return undefined;
  try {
    const running = await askWhetherKept(ports, connection);
    if (running !== 'late' && running?.isKept === true) return joined(connection, await ports.takeReading());
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  return undefined;
}

function joined(connection: SupervisorConnection, reading: Reading): Beginning {
  const observation = judgeReading(reading);
  const { treeId } = connection;
  return { connection, spawned: undefined, treeId, alreadyRunning: true, ended: [], observation, unwritten: [] };
}

/** Begins under the lock. While a supervisor exists that does not answer, it releases the lock and waits. */
async function beginPatiently(ports: StartPorts, options: StartOptions, deadline: number): Promise<Beginning> {
  const { interrupted } = options;
  let before: readonly Outcome[] | undefined;
  for (;;) {
    const begun = await ports.underOperationLock(async () => {
      before ??= (await options.before?.()) ?? [];
      return begin(ports, options);
    }, interrupted);
    if (begun !== 'late') return { ...begun, ended: [...(before ?? []), ...begun.ended] };
    ports.onProgress('waiting for the supervisor to answer');
    await waitForLateSupervisor(ports, { deadline, interrupted });
  }
}

/** Node takes as long to load a supervisor as this start takes to read the process table, so both run in parallel if no supervisor answers. */
async function begin(ports: StartPorts, options: StartOptions): Promise<Beginning | 'late'> {
  const first = await ports.connect();
  const held = first === undefined ? ports.spawnSupervisor() : undefined;
  try {
    return await beginAfter(ports, options, {
      first,
      heldTreeId: held?.treeId,
      spawn: () => held ?? ports.spawnSupervisor(),
    });
  } catch (error) {
    // An open connection would keep this program alive.
    if (first !== 'late') first?.close();
    throw error;
  } finally {
    await held?.dismiss();
  }
}

async function beginAfter(
  ports: StartPorts,
  options: StartOptions,
  start: {
    readonly first: SupervisorConnection | 'late' | undefined;
    readonly heldTreeId: string | undefined;
    readonly spawn: () => HeldSupervisor;
  },
): Promise<Beginning | 'late'> {
  const { first, heldTreeId, spawn } = start;
  const { interrupted } = options;
  const reading = await ports.takeReading();
  const running = await findRunning(ports, reading, first);
  if (running === 'late') return 'late';
  if (running === undefined) {
    const late = await connectToUnrecorded(ports, reading, heldTreeId);
    if (late === 'late') return 'late';
    if (late !== undefined) return beginAfter(ports, options, { ...start, first: late });
  }
  if (running?.isKept === true) return joined(running.connection, reading);
  running?.connection.close();
  ports.onProgress('ending leftovers');
  const { ended, after, unwritten } = await endLeftovers(ports, reading, running?.connection.treeId);
  // If the disk is full, the new supervisor fails and reports the reason.
  const untidied = whyUnwritten(() => {
    ports.tidy(after);
  });
  if (await isLockTakenMeanwhile(ports)) return 'late';
  await ports.assertPortFree();
  if (interrupted?.aborted === true) throw interruptedStart();
  ports.onProgress('starting the supervisor');
  const spawned = spawn();
  spawned.release();
  const deadline = ports.clock.now() + ANSWER_WITHIN_MS;
  const connection = await waitForConnection(ports, spawned, deadline, undefined);
  return {
    connection,
    spawned,
    treeId: spawned.treeId,
    alreadyRunning: false,
    ended,
    observation: after,
    unwritten: untidied === undefined ? unwritten : [...unwritten, untidied],
  };
}

/**
 * Detects a supervisor that took its lock meanwhile: a killed start may have spawned it.
 * @throws ClaudeMemError `lock-held` if the holder of the lock does not listen.
 */
async function isLockTakenMeanwhile(ports: StartPorts): Promise<boolean> {
  try {
    await ports.assertLockFree();
    return false;
  } catch (error) {
    const connection = await ports.connect();
    if (connection === undefined) throw error;
    if (connection !== 'late') connection.close();
    return true;
  }
}

interface Running {
  readonly connection: SupervisorConnection;
  /** True for a tree that runs or starts; false for one that failed, stops or has a stop intent, and so is replaced. */
  readonly isKept: boolean;
}

/** `late` for a supervisor that exists but does not answer yet. */
async function findRunning(
  ports: StartPorts,
  reading: Reading,
  first: SupervisorConnection | 'late' | undefined,
): Promise<Running | 'late' | undefined> {
  const running = typeof first === 'object' ? await askWhetherKept(ports, first) : undefined;
  if (running !== undefined) return running;
  return runningTrees(reading).some((tree) => !isOver(tree, ports)) ? 'late' : undefined;
}

/** Undefined if the supervisor exits. */
async function askWhetherKept(
  ports: StartPorts,
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
async function connectToUnrecorded(
  ports: StartPorts,
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
  ports: StartPorts,
  patienceMs: number,
): Promise<SupervisorConnection | 'late' | undefined> {
  const deadline = ports.clock.now() + patienceMs;
  for (;;) {
    const connection = await ports.connect();
    if (connection !== undefined || ports.clock.now() >= deadline) return connection;
    await ports.clock.sleep(POLL_MS);
  }
}

/** Ends dead and replaced trees first, then the orphans that a record or a mark proves. */
async function endLeftovers(
  ports: StartPorts,
  reading: Reading,
  makesRoom: string | undefined,
): Promise<Pick<StartResult, 'ended' | 'unwritten'> & { readonly after: Observation }> {
  const over = new Set(
    runningTrees(reading)
      .filter((tree) => isOver(tree, ports))
      .map((tree) => tree.manifest.treeId),
  );
  if (makesRoom !== undefined) over.add(makesRoom);
  const isSelected = (treeId: string) => over.has(treeId);
  const stopped =
    over.size === 0
      ? { ended: [], unwritten: [], reading }
      : await stopTrees(ports, { graceMs: GRACE_FOR_LEFTOVERS_MS, isSelected });
  const { outcomes, after } = await terminateUntilQuiet(
    {
      look: async () => judgeReading(await ports.takeReading()),
      targetsOf: ({ judgements, index }: Observation) =>
        planReap(judgements, index, { includeExcess: false }).plan.filter(({ restsOnCommand }) => !restsOnCommand),
      signaller: ports.signaller,
      clock: ports.clock,
    },
    judgeReading(stopped.reading),
    { graceMs: GRACE_FOR_LEFTOVERS_MS },
  );
  return { ended: [...stopped.ended, ...outcomes], unwritten: stopped.unwritten, after };
}

/** Undefined if the supervisor exits before it answers, or does not answer by the deadline. */
async function waitForConnection(
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
async function waitUntilReady(
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
      return { status, problem: answer === 'late' ? NO_ANSWER : (problem ?? 'the tree was not ready in time') };
    onProgress(problem === undefined ? 'waiting for the worker' : `waiting for the worker (${problem})`);
    await clock.sleep(POLL_MS);
  }
}
