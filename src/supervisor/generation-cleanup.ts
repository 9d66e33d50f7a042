import { planReap } from '../core/verdicts/plan-reap.ts';
import { RecordedTrees } from '../core/tree/recorded-trees.ts';
import { terminateUntilQuiet } from '../operations/terminate/terminate-until-quiet.ts';
import type { Observation } from '../operations/observe/observe.ts';
import type { SupervisorDeps } from './deps.ts';

/** Between SIGTERM and SIGKILL for leftovers of a generation, in milliseconds. A chroma-mcp ends within 60 ms. */
const LEFTOVER_GRACE_MS = 2_000;

/**
 * Ends the orphans of this tree from any generation; excess and unverified processes stay.
 * @returns the snapshot taken afterwards.
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
  for (const { pid, outcome } of outcomes) deps.log.info('ended an orphan of this tree', { leftover: pid, outcome });
  return after;
}

/** Marks recorded processes that are gone as ended; a killed worker cannot do so. */
export function markRecordsGone(
  deps: Pick<SupervisorDeps, 'treeId' | 'manifest'>,
  { reading, index }: Observation,
): void {
  const tree = new RecordedTrees(reading, index).tree(deps.treeId);
  const gone = tree?.entries.filter(({ presence, isRoot }) => presence === 'gone' && !isRoot) ?? [];
  if (gone.length > 0) {
    deps.manifest.markGone(
      gone.map(({ entry }) => entry.identity),
      reading.snapshot.takenAt,
    );
  }
}
