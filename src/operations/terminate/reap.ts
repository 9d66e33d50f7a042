import { planReap, type ReapPlan, type ReapRequest } from '../../core/verdicts/plan-reap.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome, TerminationOptions } from './terminate.ts';
import { keyOf, type PassResult, terminateUntilQuiet } from './terminate-until-quiet.ts';

export interface ReapPorts {
  readonly observe: (options: { readonly memory: boolean }) => Promise<Observation>;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface ReapOptions extends TerminationOptions {
  readonly request: ReapRequest;
  /** Called before the wait for a second look, with the number of processes that need it. */
  readonly onSecondLook?: (count: number) => void;
  /** An observation from a moment ago, which is the first look then. */
  readonly recent?: { readonly observation: Observation; readonly at: number } | undefined;
  /** The processes the user agreed to, as `pid:start`; absent: the whole plan. */
  readonly agreed?: ReadonlySet<string>;
}

export interface ReapResult {
  /** The plan of the first pass. */
  readonly plan: ReapPlan;
  readonly outcomes: readonly Outcome[];
  /** The observation after the last pass. */
  readonly after: Observation;
  /** Leaks within the request that still run. */
  readonly remaining: readonly Judgement[];
}

/**
 * Ends the planned processes in passes, until two observations in a row show nothing new. Processes found by a later observation are
 * ended under the same request.
 */
export async function reap(ports: ReapPorts, options: ReapOptions): Promise<ReapResult> {
  const firstAt = options.recent?.at ?? ports.clock.now();
  const first = options.recent?.observation ?? (await quickLook(ports));
  const plan = planReap(first.judgements, first.index, options.request);
  const confirmed = new Set<string>();
  const waiting = new Set(plan.plan.filter(({ needsSecondLook }) => needsSecondLook).map(keyOf));
  let { outcomes, after } = await terminatePlanned(ports, first, { ...options, confirmed });
  if (waiting.size > 0) options.onSecondLook?.(waiting.size);
  if (waiting.size > 0 && (await sleepUntil(firstAt + SECOND_LOOK_AFTER_MS, ports.clock, options))) {
    const second = await quickLook(ports);
    for (const item of planned(second, options, waiting)) confirmed.add(keyOf(item));
    const result = await terminatePlanned(ports, second, { ...options, confirmed });
    outcomes = [...outcomes, ...result.outcomes];
    after = result.after;
  }
  return { plan, outcomes, after, remaining: planned(after, options, confirmed) };
}

/**
 * In milliseconds. A client that closes the stdin of its server to end it takes up to 4 s until it kills the server itself (MCP SDK,
 * stdio client).
 */
const SECOND_LOOK_AFTER_MS = 5_000;
const SLEEP_STEP_MS = 100;

/** Without memory: measuring a thousand processes takes a second, and only their identities are needed here. */
function quickLook(ports: ReapPorts): Promise<Observation> {
  return ports.observe({ memory: false });
}

/** The planned processes, without those that wait for a second look. */
function planned(
  { judgements, index }: Observation,
  { request }: Pick<ReapOptions, 'request'>,
  confirmed: ReadonlySet<string>,
): readonly Judgement[] {
  return planReap(judgements, index, request).plan.filter(
    (item) => !item.needsSecondLook || confirmed.has(keyOf(item)),
  );
}

function terminatePlanned(
  ports: ReapPorts,
  first: Observation,
  options: ReapOptions & { readonly confirmed: ReadonlySet<string> },
): Promise<PassResult<Observation>> {
  return terminateUntilQuiet(
    {
      look: () => ports.observe({ memory: true }),
      quickLook: () => quickLook(ports),
      targetsOf: (seen) =>
        planned(seen, options, options.confirmed).filter((item) => options.agreed?.has(keyOf(item)) ?? true),
      signaller: ports.signaller,
      clock: ports.clock,
    },
    first,
    options,
  );
}

/** @returns false if it was interrupted. */
async function sleepUntil(
  timeMs: number,
  clock: Clock,
  { interrupted, forced }: Pick<ReapOptions, 'interrupted' | 'forced'>,
): Promise<boolean> {
  const isStopped = () => interrupted?.aborted === true || forced?.aborted === true;
  while (!isStopped() && clock.now() < timeMs) await clock.sleep(Math.min(SLEEP_STEP_MS, timeMs - clock.now()));
  return !isStopped();
}
