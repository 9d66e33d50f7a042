import { planReap } from '../core/verdicts/plan-reap.ts';
import { RecordedTrees } from '../core/tree/recorded-trees.ts';
import { terminateUntilQuiet } from '../operations/terminate/terminate-until-quiet.ts';
import type { Observation } from '../operations/observe/observe.ts';
import type { SupervisorDeps } from './deps.ts';

/** Between SIGTERM and SIGKILL for what a generation left. A chroma-mcp goes within 60 ms. */
const LEFTOVER_GRACE_MS = 2_000;

/**
 * Ends the orphans of this tree, whichever generation left them; what is only excess or unverified stays.
 * @returns the look after it.
 */
export async function cleanGeneration(deps: SupervisorDeps): Promise<Observation> {
  const { outcomes, after } = await terminateUntilQuiet(
    {
      look: deps.observe,
      targetsOf: ({ judgements, index }) =>
        planReap(judgements, index, { includeExcess: false }).plan.filter(({ treeId }) => treeId === deps.treeId),
      signaller: deps.signaller,
      clock: deps.clock,
    },
    await deps.observe(),
    { graceMs: LEFTOVER_GRACE_MS },
  );
  for (const { pid, outcome } of outcomes) deps.log.info('ended a leftover of this tree', { leftover: pid, outcome });
  return after;
}

/** Notes in the manifest which recorded processes were seen gone; a worker that was killed could not say it. */
export function settleRecords(
  deps: Pick<SupervisorDeps, 'treeId' | 'manifest'>,
  { reading, index }: Observation,
): void {
  const tree = new RecordedTrees(reading, index).tree(deps.treeId);
  const gone = tree?.entries.filter(({ presence, isRoot }) => presence === 'gone' && !isRoot) ?? [];
  if (gone.length > 0) {
    deps.manifest.settle(
      gone.map(({ entry }) => entry.identity),
      reading.snapshot.takenAt,
    );
  }
}
