import { interruptedStart, waitForLateSupervisor } from './late-supervisor.ts';
import { judgeReading, type Reading } from '../observe/observe.ts';
import { endLeftovers } from './end-leftovers.ts';
import { askWhetherKept, connectToUnrecorded, findRunning } from './running-supervisor.ts';
import type { HeldSupervisor, SpawnedSupervisor, StartOptions, StartPorts, StartResult } from './start-ports.ts';
import { whyUnwritten } from './unwritten.ts';
import type { Outcome } from '../terminate/terminate.ts';
import type { SupervisorConnection } from './tree-lifecycle.ts';
import { NO_ANSWER, waitForConnection, waitUntilReady } from './wait-until-ready.ts';

/** How long the start holds the lock while a spawned supervisor does not answer, in milliseconds. The start then waits without the lock. */
const ANSWER_WITHIN_MS = 10_000;
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
