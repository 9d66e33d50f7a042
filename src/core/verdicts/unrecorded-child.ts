import { isStdinClosed } from '../process/channels.ts';
import { ageSeconds, isNotYounger } from '../process/identity.ts';
import { isChromaProgram } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { describeChroma, isRemoteHere } from './remote-chroma.ts';
import { isUnrecordedByLive, unreachableEvidence } from './unreachable.ts';
import type { Evidence, Finding } from './verdict.ts';

/** A replacement can start before its predecessor has fully ended, so both exist for a moment. Seconds. */
export const EXCESS_MIN_AGE_SECONDS = 10;

/**
 * A chroma-mcp below a live worker of the published plugin, which that worker no longer uses: it records another one that is not older,
 * or its stdin is closed. The worker registers its Chroma 2.7 s after the start.
 */
export function findUnrecordedChild(subject: Case, context: JudgementContext): Finding | undefined {
  if (!(subject.isChromaHere || isRemoteHere(subject, context))) return undefined;
  if (subject.isMarkedHere || subject.recorded.length > 0 || subject.adoption !== undefined) return undefined;
  const { row } = subject;
  const worker = workerAbove(row, context);
  if (worker === undefined || !isUnrecordedByLive(subject, context)) return undefined;
  if (ageSeconds(row, context.snapshot) <= EXCESS_MIN_AGE_SECONDS) return undefined;
  const replaced = replacement(row, worker, context);
  if (replaced === undefined && !isStdinClosed(row.channels)) return undefined;
  return {
    verdict: 'excess',
    evidence: [
      {
        kind: 'unrecorded',
        detail: `${describeChroma(subject)}, which its live worker pid ${worker.pid} does not record`,
      },
      replaced ?? unreachableEvidence(row, context.snapshot),
    ],
    restsOnCommand: true,
    needsSecondLook: replaced === undefined,
  };
}

/** The live worker that started this process, directly or through other chroma-mcp programs. */
export function workerAbove(row: ProcessRow, { index, others }: JudgementContext): ProcessRow | undefined {
  const above = index.ancestorsOf(row).find((ancestor) => !isChromaProgram(ancestor));
  return above !== undefined && others.liveRecords.get(above.pid)?.isWorker === true ? above : undefined;
}

/** The chroma-mcp that the worker records and that did not start before this one. */
function replacement(row: ProcessRow, worker: ProcessRow, context: JudgementContext): Evidence | undefined {
  const { index, others, snapshot } = context;
  for (const [pid, record] of others.liveRecords) {
    const other = index.livePid(pid);
    if (record.isWorker || record.worker.pid !== worker.pid || other === undefined) continue;
    if (!isChromaProgram(other) || !isNotYounger(row, other, snapshot)) continue;
    return { kind: 'replaced', detail: `${record.detail}, which did not start earlier: pid ${pid}` };
  }
  return undefined;
}
