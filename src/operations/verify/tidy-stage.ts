import type { Stage } from './stage.ts';

export interface StageFolder {
  readonly dataDir: string;
  /** Removes the data dir. @returns the problem, for people; undefined if the data dir is gone. */
  readonly remove: () => string | undefined;
}

/**
 * Removes the data dir of a stage, unless a process of the stage is alive: the records in the data dir are needed to find it again.
 * @returns what remains, for people; undefined if nothing does.
 * @throws ClaudeMemError `process-table-unreadable`; the data dir then stays.
 */
export async function tidyStage(
  stage: Pick<Stage, 'members'>,
  { dataDir, remove }: StageFolder,
): Promise<string | undefined> {
  const alive = await stage.members();
  if (alive.length === 0) return remove();
  const pids = alive.map(({ row }) => row.pid).join(', ');
  return `pid ${pids} could not be ended; the records are kept in ${dataDir}`;
}
