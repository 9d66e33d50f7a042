import { planReap, type ReapPlan, type ReapRequest } from '../../core/verdicts/plan-reap.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome, TerminationOptions } from './terminate.ts';
import { terminateUntilQuiet, keyOf } from './terminate-until-quiet.ts';

export interface ReapPorts {
  readonly observe: (options: { readonly memory: boolean }) => Promise<Observation>;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface ReapOptions extends TerminationOptions {
  readonly request: ReapRequest;
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
  // Without memory: measuring a thousand processes takes a second, and only their identities are needed here.
  const quickLook = () => ports.observe({ memory: false });
  const first = await quickLook();
  const planned = ({ judgements, index }: Observation) => planReap(judgements, index, options.request).plan;
  const { outcomes, after } = await terminateUntilQuiet(
    {
      look: () => ports.observe({ memory: true }),
      quickLook,
      targetsOf: (seen) => planned(seen).filter((item) => options.agreed?.has(keyOf(item)) ?? true),
      signaller: ports.signaller,
      clock: ports.clock,
    },
    first,
    options,
  );
  return { plan: planReap(first.judgements, first.index, options.request), outcomes, after, remaining: planned(after) };
}
