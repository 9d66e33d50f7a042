import { isZombie } from '../process/identity.ts';
import { dataDirArgument, isChromaProgram } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import { isHttpClient } from '../tree/vector-writers.ts';
import type { JudgementContext } from './judgement-context.ts';
import type { Judgement } from './verdict.ts';

/**
 * The processes whose verdict a closed channel can change. Asking the kernel takes some milliseconds, so nothing is asked about the
 * processes of a live tree.
 */
export function findChannelCandidates(
  judgements: readonly Judgement[],
  context: JudgementContext,
): readonly ProcessRow[] {
  const { uid } = context.snapshot.self;
  return judgements
    .filter(({ row }) => row.channels === undefined && row.uid === uid && !isZombie(row))
    .filter((judgement) => isStdioServer(judgement, context) || isRemoteOfDataDir(judgement, context))
    .map(({ row }) => row);
}

/** The processes of this user that a snapshot file records with their channels: stdio servers of any verdict. */
export function findStdioServers(judgements: readonly Judgement[], context: JudgementContext): readonly ProcessRow[] {
  const { uid } = context.snapshot.self;
  return judgements
    .map(({ row }) => row)
    .filter(
      (row) => row.uid === uid && !isZombie(row) && (isChromaProgram(row) || context.others.observers.has(row.pid)),
    );
}

function isStdioServer({ row, verdict, role }: Judgement, { others }: JudgementContext): boolean {
  return verdict === 'unverified' && (isChromaProgram(row) || (role === 'observer' && others.observers.has(row.pid)));
}

/** A chroma-mcp for a remote server is foreign until its channels and its environment prove the opposite. */
function isRemoteOfDataDir({ row, verdict }: Judgement, context: JudgementContext): boolean {
  return (
    verdict === 'foreign' &&
    isChromaProgram(row) &&
    isHttpClient(row) &&
    dataDirArgument(row) === undefined &&
    typeof row.dataDirMark === 'string' &&
    context.isSameDirectory(row.dataDirMark)
  );
}
