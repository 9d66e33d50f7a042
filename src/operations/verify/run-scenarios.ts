import type { StartedProcess } from '../../core/process/descent.ts';
import { ClaudeMemError, messageOf } from '../../shared/errors.ts';
import { terminateUntilQuiet } from '../terminate/terminate-until-quiet.ts';
import type { Scenario } from './scenarios.ts';
import { counted, ScenarioFailure, type Stage } from './stage.ts';

export interface ScenarioResult {
  readonly name: string;
  /** Null if it was skipped. */
  readonly passed: boolean | null;
  readonly baseline: number;
  readonly during: number | null;
  readonly after: number | null;
  /** From the end of the scenario until nothing of it was left; null if something is. */
  readonly settledMs: number | null;
  readonly elapsedMs: number;
  readonly left: readonly StartedProcess[];
  readonly problem: string | null;
}

export interface ScenarioRun {
  /** One for each cycle. */
  readonly scenarios: readonly (Scenario & { readonly isNamed: boolean })[];
  readonly onResult: (result: ScenarioResult) => void;
  readonly onBegin: (name: string) => void;
}

/** In milliseconds: the promise, and what may be asked to go before it is killed when all is over. */
const SETTLE_MS = 5_000;
const CLEANUP_GRACE_MS = 2_000;
const POLL_MS = 20;
/** Between two looks while a scenario runs: what clears its environment is known only by where it hung. */
const FOLLOW_EVERY_MS = 200;

/**
 * Plays the scenarios one after the other, each from an empty stage; ends what one left before the next.
 * @throws ClaudeMemError `interrupted`, `process-table-unreadable`; also then nothing is left running that could be ended.
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
  // That it cannot be had may have come out only when it was needed.
  const why = `needs Chroma: ${stage.whyNoChroma ?? 'there is none'}`;
  return { ...result, passed: scenario.isNamed ? false : null, problem: why };
}

/** What went wrong, in words; null if nothing did. */
async function play(stage: Stage, scenario: Scenario): Promise<string | null> {
  const stopFollowing = follow(stage);
  try {
    await scenario.play(stage);
    return null;
  } catch (error) {
    if (error instanceof ClaudeMemError) throw error;
    // What still runs because it broke off half way is no leak; what outlives a stop is.
    await stage.ports.stopNow(SETTLE_MS);
    if (error instanceof ScenarioFailure) return error.message;
    return `it broke off: ${messageOf(error)}`;
  } finally {
    await stopFollowing();
  }
}

function follow(stage: Stage): () => Promise<void> {
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      // A reading that fails here fails there too, where it counts.
      await stage.members().catch(() => undefined);
      await stage.ports.clock.sleep(FOLLOW_EVERY_MS);
    }
  })();
  return () => {
    over.abort();
    return looking;
  };
}

/** Nothing left means two looks in a row: what forks and ends while it is looked for can slip through one, and is ended unsaid then. */
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
 * Ends whatever lives on this stage. All of it is ours for certain: it bears the mark of a data dir that was made for this run, or
 * descends from what does.
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
