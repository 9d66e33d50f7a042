import { isStdinClosed } from '../process/channels.ts';
import { dataDirArgument } from '../process/role-program.ts';
import { isHttpClient } from '../tree/vector-writers.ts';
import { goneWorkerThatLed } from './gone-worker.ts';
import type { Case, JudgementContext } from './judgement-context.ts';

/**
 * Whether this is a chroma-mcp for a remote Chroma server, started for this data dir. It names no directory, so its session must be led
 * by a worker that the data dir records, or its environment must name the data dir. A user can set that variable for every program, so
 * the environment counts only for a process that no client can reach.
 */
export function isRemoteHere({ row, isChroma, isChromaHere }: Case, context: JudgementContext): boolean {
  if (!isChroma || isChromaHere || !isHttpClient(row) || dataDirArgument(row) !== undefined) return false;
  const leader = context.index.livePid(row.sid);
  if (leader !== undefined && leader.pid !== row.pid && context.others.liveRecords.get(leader.pid)?.isWorker === true)
    return true;
  if (goneWorkerThatLed(row, context) !== undefined) return true;
  return isStdinClosed(row.channels) && typeof row.dataDirMark === 'string' && context.isSameDirectory(row.dataDirMark);
}

export function describeChroma({ isChromaHere }: Pick<Case, 'isChromaHere'>): string {
  return isChromaHere ? 'a chroma-mcp on this data dir' : 'a chroma-mcp for a remote server, started for this data dir';
}
