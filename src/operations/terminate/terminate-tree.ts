import { JudgementContext } from '../../core/verdicts/judgement-context.ts';
import { planTree, type TreePlan } from '../../core/tree/plan-tree.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { terminateUntilQuiet } from './terminate-until-quiet.ts';
import type { Reading } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome, TerminationOptions } from './terminate.ts';

export interface EndTreePorts {
  readonly takeReading: () => Promise<Reading>;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface EndTreeResult {
  readonly outcomes: readonly Outcome[];
  /** Of the trees and still there after all. */
  readonly remaining: TreePlan['plan'];
  /** Bears the mark and is none of our programs; left alone. */
  readonly left: readonly ProcessRow[];
  readonly reading: Reading;
  /** False if anything could not be looked at, so that nothing can be proven. */
  readonly isComplete: boolean;
}

/** Ends all that belongs to one tree, and proves by a fresh reading that nothing of it is left. */
export function terminateTree(
  ports: EndTreePorts,
  treeId: string,
  options: TerminationOptions,
): Promise<EndTreeResult> {
  return endTrees(ports, new Set([treeId]), options);
}

/** The same for several trees, in the same passes under one deadline. */
export async function endTrees(
  ports: EndTreePorts,
  treeIds: ReadonlySet<string>,
  options: TerminationOptions,
): Promise<EndTreeResult> {
  const look = async () => {
    const reading = await ports.takeReading();
    const context = new JudgementContext(reading);
    const trees = [...treeIds].map((treeId) => planTree(context, treeId));
    return { reading, plan: trees.flatMap(({ plan }) => plan), left: trees.flatMap(({ left }) => left) };
  };
  const { outcomes, after } = await terminateUntilQuiet(
    { ...ports, look, targetsOf: ({ plan }) => plan },
    await look(),
    underOneDeadline(options, ports.clock),
  );
  const { snapshot } = after.reading;
  return {
    outcomes,
    remaining: after.plan,
    left: after.left,
    reading: after.reading,
    isComplete: snapshot.complete && snapshot.unreadable === 0,
  };
}

/** Each pass gets what the ones before it have left of the grace period. */
function underOneDeadline(options: TerminationOptions, clock: Clock): TerminationOptions {
  const deadline = clock.now() + options.graceMs;
  return {
    ...options,
    get graceMs() {
      return Math.max(0, deadline - clock.now());
    },
  };
}
