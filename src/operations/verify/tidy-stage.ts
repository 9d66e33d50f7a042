import type { Stage } from './stage.ts';

export interface StageFolder {
  readonly dataDir: string;
  /** Removes the data dir. @returns what could not be removed, in words; undefined if it is gone. */
  readonly remove: () => string | undefined;
}

/**
 * Removes the data dir of a stage once nothing on it is alive: the records in it are how what could not be ended is found again.
 * @returns what stays, in words; undefined if nothing does.
 * @throws ClaudeMemError `process-table-unreadable`; the data dir stays then.
 */
export async function tidyStage(
  stage: Pick<Stage, 'members'>,
  { dataDir, remove }: StageFolder,
): Promise<string | undefined> {
  const alive = await stage.members();
  if (alive.length === 0) return remove();
  const pids = alive.map(({ row }) => row.pid).join(', ');
  return `could not be ended: pid ${pids}; what was recorded of it stays in ${dataDir}`;
}
