import { planReap } from '../../core/verdicts/plan-reap.ts';
import { judgeReading, type Observation, type Reading } from '../observe/observe.ts';
import { terminateUntilQuiet } from '../terminate/terminate-until-quiet.ts';
import { isOver } from './late-supervisor.ts';
import type { StartPorts, StartResult } from './start-ports.ts';
import { stopTrees } from './stop-trees.ts';
import { runningTrees } from './tree-lifecycle.ts';

const GRACE_FOR_LEFTOVERS_MS = 5_000;

/** Ends dead and replaced trees first, then the orphans that a record or a mark proves. */
export async function endLeftovers(
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
