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
  /** Only these processes were agreed to, as `pid:start`; absent: whatever the plan holds. */
  readonly agreed?: ReadonlySet<string>;
}

export interface ReapResult {
  /** The first plan that was carried out. */
  readonly plan: ReapPlan;
  readonly outcomes: readonly Outcome[];
  /** The look after the last pass. */
  readonly after: Observation;
  /** Leaks within the request that are there after all. */
  readonly remaining: readonly Judgement[];
}

/**
 * Ends what the plan holds, looks again, and goes on until two looks in a row find nothing new. Processes found by a later look are
 * ended under the same request.
 */
export async function reap(ports: ReapPorts, options: ReapOptions): Promise<ReapResult> {
  // Measuring a thousand processes takes a second, and all that is wanted here is who they are.
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
