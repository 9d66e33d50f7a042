import type { StartedProcess } from '../../core/process/descent.ts';
import { ClaudeMemError, messageOf } from '../../shared/errors.ts';
import { terminateUntilQuiet } from '../terminate/terminate-until-quiet.ts';
import type { Scenario } from './scenarios.ts';
import { counted, ScenarioFailure, type Stage } from './stage.ts';

export interface ScenarioResult {
  readonly name: string;
  /** Null if the scenario was skipped. */
  readonly passed: boolean | null;
  readonly baseline: number;
  readonly during: number | null;
  readonly after: number | null;
  /** Milliseconds from the end of the scenario until no process was left; null if a process is left. */
  readonly settledMs: number | null;
  readonly elapsedMs: number;
  readonly left: readonly StartedProcess[];
  readonly problem: string | null;
}

export interface ScenarioRun {
  /** One item per scenario and cycle. `isNamed`: the user asked for it by name, so it must not be skipped. */
  readonly scenarios: readonly (Scenario & { readonly isNamed: boolean })[];
  readonly onResult: (result: ScenarioResult) => void;
  readonly onBegin: (name: string) => void;
}

/** In milliseconds: the promised time until the tree is gone, and the grace period of the cleanup after a scenario. */
const SETTLE_MS = 5_000;
const CLEANUP_GRACE_MS = 2_000;
const POLL_MS = 20;
/** Between two readings while a scenario runs, in milliseconds: a process that clears its environment is known by its parent alone. */
const FOLLOW_EVERY_MS = 200;

/**
 * Plays the scenarios one after the other, each on an empty stage. Ends the leftovers of each scenario before the next one, also when it
 * throws.
 * @throws ClaudeMemError `interrupted`, `process-table-unreadable`.
 */
export async function runScenarios(stage: Stage, { scenarios, onResult, onBegin }: ScenarioRun): Promise<void> {
  try {
    for (const scenario of scenarios) {
      onBegin(scenario.name);
      onResult(await runOne(stage, scenario));
      await clear(stage);
    }
  } finally {
    await clear(stage);
  }
}

async function runOne(stage: Stage, scenario: ScenarioRun['scenarios'][number]): Promise<ScenarioResult> {
  const { clock } = stage.ports;
  const startedAt = clock.now();
  const baseline = await stage.count();
  stage.takeMost();
  const isMissing = () => scenario.needsChroma === true && !stage.hasChroma;
  const problem = isMissing() ? null : await play(stage, scenario);
  const { alive: left, elapsedMs: settledMs } = await settle(stage);
  const result = {
    name: scenario.name,
    baseline,
    during: stage.takeMost(),
    after: counted(left).length,
    settledMs: left.length === 0 ? settledMs : null,
    elapsedMs: Math.round(clock.now() - startedAt),
    left,
  };
  if (!isMissing() || left.length > 0) return { ...result, passed: problem === null && left.length === 0, problem };
  // A missing Chroma may become known only during the scenario.
  const why = `needs Chroma: ${stage.whyNoChroma ?? 'not available'}`;
  return { ...result, passed: scenario.isNamed ? false : null, problem: why };
}

/** Plays one scenario. @returns its problem, for people; null if it succeeded. */
async function play(stage: Stage, scenario: Scenario): Promise<string | null> {
  const stopFollowing = follow(stage);
  try {
    await scenario.play(stage);
    return null;
  } catch (error) {
    if (error instanceof ClaudeMemError) throw error;
    // An aborted scenario leaves its tree running, which is no leak. A process that survives this stop is one.
    await stage.ports.stopNow(SETTLE_MS);
    if (error instanceof ScenarioFailure) return error.message;
    return `the scenario failed: ${messageOf(error)}`;
  } finally {
    await stopFollowing();
  }
}

function follow(stage: Stage): () => Promise<void> {
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      // A lasting error also fails the readings of the scenario, which report it.
      await stage.members().catch(() => undefined);
      await stage.ports.clock.sleep(FOLLOW_EVERY_MS);
    }
  })();
  return () => {
    over.abort();
    return looking;
  };
}

/** Waits until two readings in a row show no process: one that forks and exits during a reading can be missing from it. */
async function settle(
  stage: Stage,
): Promise<{ readonly alive: readonly StartedProcess[]; readonly elapsedMs: number }> {
  const { clock, interrupted } = stage.ports;
  const startedAt = clock.now();
  for (let quietLooks = 0; ;) {
    const alive = await stage.members();
    const elapsedMs = Math.round(clock.now() - startedAt);
    quietLooks = alive.length === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2) return { alive, elapsedMs };
    if (quietLooks === 0 && (elapsedMs >= SETTLE_MS || interrupted.aborted)) return { alive, elapsedMs };
    await clock.sleep(quietLooks === 0 ? POLL_MS : 0);
  }
}

/**
 * Ends every process of this stage. All of them belong to this run: they have the mark of a data dir made for it, or descend from a process
 * that has.
 */
async function clear(stage: Stage): Promise<void> {
  if ((await stage.members()).length === 0) return;
  await stage.ports.stopNow(CLEANUP_GRACE_MS);
  await terminateUntilQuiet(
    {
      look: () => stage.members(),
      targetsOf: (alive) => alive.map(({ row }) => ({ row, restsOnCommand: false })),
      signaller: stage.ports.signaller,
      clock: stage.ports.clock,
    },
    await stage.members(),
    { graceMs: CLEANUP_GRACE_MS },
  );
}
