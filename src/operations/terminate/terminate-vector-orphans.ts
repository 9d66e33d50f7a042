import { isChromaRole } from '../../core/tree/manifest.ts';
import { planReap } from '../../core/verdicts/plan-reap.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import { terminateUntilQuiet } from './terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import type { Outcome } from './terminate.ts';

export interface VectorOrphanPorts {
  readonly observe: () => Promise<Observation>;
  readonly signaller: Signaller;
  readonly clock: Clock;
}

/** Between SIGTERM and SIGKILL, in milliseconds. A chroma-mcp exits within 60. */
const GRACE_MS = 2_000;

/**
 * Ends the Chroma processes of a data dir that a record or mark proves to be orphans, because the vectors allow one writer only. Orphans
 * proven by their command line alone are left to `reap`, which asks the user.
 */
export async function terminateVectorOrphans(ports: VectorOrphanPorts): Promise<readonly Outcome[]> {
  const { outcomes } = await terminateUntilQuiet(
    {
      look: ports.observe,
      targetsOf: ({ judgements, index }) =>
        planReap(judgements, index, { includeExcess: false }).plan.filter(isProvenChroma),
      signaller: ports.signaller,
      clock: ports.clock,
    },
    await ports.observe(),
    { graceMs: GRACE_MS },
  );
  return outcomes;
}

function isProvenChroma({ role, restsOnCommand }: Judgement): boolean {
  return isChromaRole(role) && !restsOnCommand;
}
