import { JudgementContext } from '../../core/verdicts/judgement-context.ts';
import { planTree, type TreePlan } from '../../core/tree/plan-tree.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { terminateUntilQuiet } from './terminate-until-quiet.ts';
import type { Reading } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome, TerminationOptions } from './terminate.ts';

export interface TerminateTreePorts {
  readonly takeReading: () => Promise<Reading>;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface TerminateTreeResult {
  readonly outcomes: readonly Outcome[];
  /** Processes of the trees that still run. */
  readonly remaining: TreePlan['plan'];
  /** Processes with the tree's mark that are not claude-mem programs; spared. */
  readonly left: readonly ProcessRow[];
  readonly reading: Reading;
  /** False if the last reading was incomplete, so that it proves nothing. */
  readonly isComplete: boolean;
}

/** Ends every process of one tree, and proves with a fresh reading that none is left. */
export function terminateTree(
  ports: TerminateTreePorts,
  treeId: string,
  options: TerminationOptions,
): Promise<TerminateTreeResult> {
  return terminateTrees(ports, new Set([treeId]), options);
}

/** The same for several trees, in shared passes under one deadline. */
export async function terminateTrees(
  ports: TerminateTreePorts,
  treeIds: ReadonlySet<string>,
  options: TerminationOptions,
): Promise<TerminateTreeResult> {
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

/** Each pass gets the rest of the grace period. */
function underOneDeadline(options: TerminationOptions, clock: Clock): TerminationOptions {
  const deadline = clock.now() + options.graceMs;
  return {
    ...options,
    get graceMs() {
      return Math.max(0, deadline - clock.now());
    },
  };
}
