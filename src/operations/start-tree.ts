import { planReap } from '../core/plan-reap.ts';
import { rootEntry } from '../core/manifest.ts';
import type { RecordedTree } from '../core/recorded-trees.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { endInPasses } from './end-in-passes.ts';
import { judgeReading, type Observation, type Reading } from './observe.ts';
import { stopTrees } from './stop-trees.ts';
import { whyUnwritten } from './unwritten.ts';
import type { Outcome } from './terminate.ts';
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
/** How long a spawned supervisor may take to answer: it takes its lock, reads settings, writes its manifest. In milliseconds. */
const ANSWER_WITHIN_MS = 10_000;
/** For one that lives and does not answer yet: whoever spawned it may have been killed meanwhile. In milliseconds. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;
/** Between two looks at what is being waited for, in milliseconds. */
const LONGEST_ANSWER_MS = 200;

/** Restarts after which a worker that still did not get ready is not waited for any longer. */
const HOPELESS_RESTARTS = 4;

/**
 * Starts the tree unless it runs: ends what is left from before, spawns the supervisor, waits for readiness. The lock is held while
 * ending and spawning, not while waiting.
 * @throws ClaudeMemError `lock-held`, `port-taken`, `interrupted`: then nothing was started.
 */
export async function startTree(ports: StartPorts, options: StartOptions): Promise<StartResult> {
  const { connection, ...beginning } = await ports.underOperationLock(async () => {
    const before = (await options.before?.()) ?? [];
    const begun = await begin(ports, options);
    return { ...begun, ended: [...before, ...begun.ended] };
  }, options.interrupted);
  if (connection === undefined) return { ...beginning, status: undefined, ok: false };
  try {
    const status = await waitUntilReady(connection, ports, options);
    const ok = status?.state === 'running';
    return { ...beginning, status, ok, problem: ok ? undefined : (status?.problem ?? 'the supervisor went away') };
  } finally {
    connection.close();
  }
}

interface Beginning extends Omit<StartResult, 'status' | 'ok'> {
  readonly connection: SupervisorConnection | undefined;
}

/** Node needs as long to start a supervisor as this needs to look at what is there, so where nobody answers both are done at once. */
async function begin(ports: StartPorts, options: StartOptions): Promise<Beginning> {
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
    first?.close();
    throw error;
  } finally {
    await held?.dismiss();
  }
}

async function beginAfter(
  ports: StartPorts,
  options: StartOptions,
  start: {
    readonly first: SupervisorConnection | undefined;
    readonly heldTreeId: string | undefined;
    readonly spawn: () => HeldSupervisor;
  },
): Promise<Beginning> {
  const { first, heldTreeId, spawn } = start;
  const { interrupted } = options;
  const reading = await ports.takeReading();
  const running = await findRunning(ports, reading, first);
  if (running === undefined) {
    const late = await connectToUnrecorded(ports, reading, heldTreeId);
    if (late !== undefined) return beginAfter(ports, options, { ...start, first: late });
  }
  if (running?.isKept === true) {
    const { connection } = running;
    const observation = judgeReading(reading);
    const { treeId } = connection;
    return { connection, treeId, alreadyRunning: true, ended: [], observation, problem: undefined, unwritten: [] };
  }
  running?.connection.close();
  ports.onProgress('ending what is left from before');
  const { ended, after, unwritten } = await endLeftovers(ports, reading, running?.connection.treeId);
  // A disk that cannot be written keeps the new supervisor from starting, and that says why.
  const untidied = whyUnwritten(() => {
    ports.tidy(after);
  });
  await ports.assertLockFree();
  await ports.assertPortFree();
  if (interrupted?.aborted === true) throw new ClaudeMemError('interrupted', 'interrupted; no tree was started');
  ports.onProgress('starting the supervisor');
  const { connection, spawned } = await releaseAndConnect(ports, spawn());
  const treeId = connection?.treeId ?? spawned.treeId;
  return {
    connection,
    treeId,
    // Another one may have taken the lock first.
    alreadyRunning: treeId !== spawned.treeId,
    ended,
    observation: after,
    problem: connection === undefined ? noAnswer(spawned) : undefined,
    unwritten: untidied === undefined ? unwritten : [...unwritten, untidied],
  };
}

interface Running {
  readonly connection: SupervisorConnection;
  /** One that is starting is waited for; one that gave up, was told to stop, or is on its way out makes room. */
  readonly isKept: boolean;
}

/** @throws ClaudeMemError `lock-held` for one that is there and does not answer. */
async function findRunning(
  ports: StartPorts,
  reading: Reading,
  first: SupervisorConnection | undefined,
): Promise<Running | undefined> {
  const mustAnswer = runningTrees(reading).find((tree) => !isOver(tree, ports));
  const connection = first ?? (await connectPatiently(ports, mustAnswer === undefined ? 0 : PATIENCE_MS));
  if (connection === undefined) {
    if (mustAnswer !== undefined) throw doesNotAnswer(mustAnswer);
    return undefined;
  }
  if (ports.isStopIntended(connection.treeId)) return { connection, isKept: false };
  const status = await connection.status().catch(() => undefined);
  if (status !== undefined) return { connection, isKept: status.state === 'running' || status.state === 'starting' };
  connection.close();
  throw doesNotAnswer(mustAnswer);
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
): Promise<SupervisorConnection | undefined> {
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

async function connectPatiently(ports: StartPorts, patienceMs: number): Promise<SupervisorConnection | undefined> {
  const deadline = ports.clock.now() + patienceMs;
  for (;;) {
    const connection = await ports.connect();
    if (connection !== undefined || ports.clock.now() >= deadline) return connection;
    await ports.clock.sleep(POLL_MS);
  }
}

/** Its root is gone, or it was told to stop. */
function isOver({ rootPresence, manifest }: RecordedTree, ports: StartPorts): boolean {
  return rootPresence === 'gone' || ports.isStopIntended(manifest.treeId);
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
  const { outcomes, after } = await endInPasses(
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

/** It holds the supervisor's lock, so a second one could not start beside it. */
function doesNotAnswer(tree: RecordedTree | undefined): ClaudeMemError {
  const root = tree === undefined ? undefined : rootEntry(tree.manifest);
  return new ClaudeMemError(
    'lock-held',
    `the supervisor of this data dir (pid ${root?.identity.pid ?? '?'}) is there and does not answer`,
    { hint: 'End it with `claude-mem stop`, or replace it with `claude-mem restart`.' },
  );
}

async function releaseAndConnect(
  ports: StartPorts,
  spawned: HeldSupervisor,
): Promise<{ readonly spawned: SpawnedSupervisor; readonly connection: SupervisorConnection | undefined }> {
  spawned.release();
  const deadline = ports.clock.now() + ANSWER_WITHIN_MS;
  for (;;) {
    const connection = await ports.connect();
    if (connection !== undefined || spawned.hasExited() || ports.clock.now() >= deadline)
      return { spawned, connection };
    await ports.clock.sleep(POLL_MS);
  }
}

function noAnswer({ hasExited }: SpawnedSupervisor): string {
  return hasExited() ? 'the supervisor ended before it answered' : 'the supervisor did not answer';
}

/** The last status before it was ready, gave up, or time ran out; undefined if the supervisor went away. */
async function waitUntilReady(
  connection: SupervisorConnection,
  { clock, onProgress }: StartPorts,
  { timeoutMs, interrupted }: StartOptions,
): Promise<TreeStatus | undefined> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    // Asked every few milliseconds, both ends would take from the worker what it needs to get ready.
    const waitMs = Math.max(0, Math.min(LONGEST_ANSWER_MS, deadline - clock.now()));
    const status = await connection.status(waitMs).catch(() => undefined);
    if (status === undefined || status.state === 'running' || status.state === 'failed') return status;
    if (interrupted?.aborted === true) return { ...status, problem: 'interrupted' };
    const isHopeless = status.problem !== null && status.restarts >= HOPELESS_RESTARTS;
    if (isHopeless || clock.now() >= deadline)
      return { ...status, problem: status.problem ?? 'it is not ready in time' };
    onProgress(status.problem === null ? 'waiting for the worker' : `waiting for the worker (${status.problem})`);
    await clock.sleep(POLL_MS);
  }
}
