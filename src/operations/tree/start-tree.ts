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

/** What became of the supervisor that was spawned. */
export interface SpawnedSupervisor {
  readonly pid: number;
  readonly treeId: string;
  readonly hasExited: () => boolean;
}

/** One that has loaded its program and waits: it has not touched anything yet. */
export interface HeldSupervisor extends SpawnedSupervisor {
  readonly release: () => void;
  /** Ends it, unless it was released. */
  readonly dismiss: () => Promise<void>;
}

export interface StartPorts extends LifecyclePorts {
  /** Spawns a supervisor for a new tree, which begins when it is released. */
  readonly spawnSupervisor: () => HeldSupervisor;
  /** @throws ClaudeMemError `lock-held` naming who holds the supervisor's lock. */
  readonly assertLockFree: () => Promise<void>;
  /** @throws ClaudeMemError `port-taken` naming by whom. */
  readonly assertPortFree: () => Promise<void>;
  /**
   * @param interrupted ends the waiting for it.
   * @param goesOnWithout called with the reason where the lock cannot be had and the action begins without it; absent: it never does.
   */
  readonly underOperationLock: <T>(
    action: () => Promise<T>,
    interrupted?: AbortSignal,
    goesOnWithout?: (reason: ClaudeMemError) => boolean,
  ) => Promise<T>;
  /** Brings the manifests of dead trees up to what was seen. */
  readonly tidy: (observation: Observation) => void;
  /** What is being waited for, for people. */
  readonly onProgress: (doing: string) => void;
}

export interface StartResult {
  /** The last one that was had; undefined if the supervisor went away or never answered. */
  readonly status: TreeStatus | undefined;
  readonly ok: boolean;
  readonly alreadyRunning: boolean;
  readonly treeId: string;
  /** What was left from before and ended first; some of it may have survived. */
  readonly ended: readonly Outcome[];
  /** Orphans that only their command line proves: reported with the `reap` to run, not ended. */
  readonly observation: Observation;
  readonly problem: string | undefined;
  /** What could not be written down of what was ended, and why. */
  readonly unwritten: readonly string[];
}

export interface StartOptions {
  /** How long the new tree may take to get ready, in milliseconds. */
  readonly timeoutMs: number;
  /** Done first, in the same turn: nobody else starts a tree in between. */
  readonly before?: () => Promise<readonly Outcome[]>;
  /** Aborted by Ctrl-C: what is under way is brought to its end, and nothing new is begun. */
  readonly interrupted?: AbortSignal;
}

const GRACE_FOR_LEFTOVERS_MS = 5_000;
/** How long the lock is kept for a spawned supervisor that does not answer yet, in milliseconds; the waiting goes on without the lock. */
const ANSWER_WITHIN_MS = 10_000;
/** For a supervisor without a record: whoever spawned it may have been killed a moment ago. In milliseconds. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;
/** How long one answer may be kept back by a supervisor that is starting, in milliseconds. */
const LONGEST_ANSWER_MS = 200;

/** Restarts after which a worker that still did not get ready is not waited for any longer. */
const HOPELESS_RESTARTS = 4;

/**
 * Starts the tree unless it runs: ends what is left from before, spawns the supervisor, waits for readiness. The lock is held while
 * ending and spawning, not while waiting for an answer. A supervisor that is late is waited for: whoever did not spawn a tree ends it
 * only where its end is certain, which is a seen death, a written stop, or its own word.
 * @throws ClaudeMemError `lock-held`, `port-taken`, `interrupted`: then nothing was started.
 */
export async function startTree(ports: StartPorts, options: StartOptions): Promise<StartResult> {
  const deadline = ports.clock.now() + options.timeoutMs;
  const { spawned, ...beginning } =
    (await joinRunning(ports, options)) ?? (await beginPatiently(ports, options, deadline));
  const connection =
    beginning.connection ?? (spawned && (await waitForConnection(ports, spawned, deadline, options.interrupted)));
  if (connection === undefined) {
    const problem = spawned?.hasExited() === true ? 'the supervisor ended before it answered' : NO_ANSWER;
    return { ...beginning, status: undefined, ok: false, problem };
  }
  const { treeId } = connection;
  // Another one may have taken the lock first.
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
const WENT_AWAY = 'the supervisor went away';

interface Beginning extends Omit<StartResult, 'status' | 'ok' | 'problem'> {
  readonly connection: SupervisorConnection | undefined;
  /** By this start, which alone ends it again. */
  readonly spawned: SpawnedSupervisor | undefined;
}

/** The tree that runs and says so needs no lock: of many starts at once only the first ones have to take turns. */
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

/** Takes the lock, and gives it back to wait as long as a supervisor is there that does not answer. */
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

/** Node needs as long to start a supervisor as this needs to look at what is there, so where nobody answers both are done at once. */
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
    // Open, it would keep this program alive.
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
  ports.onProgress('ending what is left from before');
  const { ended, after, unwritten } = await endLeftovers(ports, reading, running?.connection.treeId);
  // A disk that cannot be written keeps the new supervisor from starting, and that says why.
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
 * A start that was killed may have left a supervisor that takes its lock only now.
 * @throws ClaudeMemError `lock-held` if whoever holds the lock does not listen.
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
  /** One that is starting is waited for; one that gave up, was told to stop, or is on its way out makes room. */
  readonly isKept: boolean;
}

/** `late` for a supervisor that is there and does not answer yet. */
async function findRunning(
  ports: StartPorts,
  reading: Reading,
  first: SupervisorConnection | 'late' | undefined,
): Promise<Running | 'late' | undefined> {
  const running = typeof first === 'object' ? await askWhetherKept(ports, first) : undefined;
  if (running !== undefined) return running;
  return runningTrees(reading).some((tree) => !isOver(tree, ports)) ? 'late' : undefined;
}

/** Undefined if it goes away. */
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
 * A supervisor that its marks alone show: either it was just spawned by a start that was killed, and answers in a moment, or its data dir
 * was removed or replaced under it. It holds a lock of the same name then, so nothing else would keep a second tree from coming up.
 * @throws ClaudeMemError `lock-held` for one that stays without a record and does not answer.
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
  throw new ClaudeMemError('lock-held', `${describeUnrecorded(lost)}; a second tree would run beside it`, {
    hint: 'End it with `claude-mem stop`, then start again; or replace it with `claude-mem restart`.',
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

/** Trees that are over or make room first, then orphans that record or mark proves. */
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

/** Undefined if the supervisor ends before it answers, or does not answer by the deadline. */
async function waitForConnection(
  ports: StartPorts,
  spawned: SpawnedSupervisor,
  deadline: number,
  interrupted: AbortSignal | undefined,
): Promise<SupervisorConnection | undefined> {
  for (;;) {
    // In this order: what ends because another one has the lock is followed by a look for that one.
    const isLastLook = spawned.hasExited() || ports.clock.now() >= deadline || interrupted?.aborted === true;
    const connection = await ports.connect();
    if (connection !== undefined && connection !== 'late') return connection;
    if (isLastLook) return undefined;
    await ports.clock.sleep(POLL_MS);
  }
}

interface Waited {
  /** The last one that was had. */
  readonly status: TreeStatus | undefined;
  /** Why it is not waited for any longer; undefined if the status says it, or the supervisor went away. */
  readonly problem: string | undefined;
}

/** Until the tree is ready, gave up, or time is up. A late answer is waited for; only a closed connection says that nobody is there. */
async function waitUntilReady(
  connection: SupervisorConnection,
  { clock, onProgress }: StartPorts,
  { timeoutMs, interrupted }: StartOptions,
): Promise<Waited> {
  const deadline = clock.now() + timeoutMs;
  let status: TreeStatus | undefined;
  for (;;) {
    // Asked every few milliseconds, both ends would take from the worker what it needs to get ready.
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
      return { status, problem: answer === 'late' ? NO_ANSWER : (problem ?? 'it is not ready in time') };
    onProgress(problem === undefined ? 'waiting for the worker' : `waiting for the worker (${problem})`);
    await clock.sleep(POLL_MS);
  }
}
