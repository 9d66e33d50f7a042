import { count } from '../../core/text/wording.ts';
import { needsTidying, tidyTrees, type TreeFiles } from '../tree/tidy-trees.ts';
import type { Observation } from '../observe/observe.ts';
import type { CheckId } from './check.ts';
import type { CheckResult } from './diagnose.ts';
import type { FolderPort } from '../ports/doctor.ts';
import { messageOf } from '../../shared/errors.ts';

/** The changes of one repair, or its error. */
export interface Repair {
  readonly id: CheckId;
  readonly done: readonly string[];
  readonly error: string | null;
}

/** The ports of a repair. Callers hold `operation.lock`. No repair ends a process. */
export interface RepairPorts {
  readonly dataDir: string;
  readonly folder: Pick<FolderPort, 'facts'>;
  /** A fresh reading: an earlier one may be out of date once the lock is held. */
  readonly observe: () => Promise<Observation>;
  readonly files: TreeFiles;
  /** @returns the changes, one sentence each. */
  readonly closeToOthers: () => readonly string[];
}

const REPAIRS: Partial<Record<CheckId, (ports: RepairPorts) => Promise<readonly string[]>>> = {
  'data-dir': closeDataDir,
  manifests: tidy,
  'stale-entries': tidy,
};

/** The failed checks that `--fix` can repair. */
export function repairable(results: readonly CheckResult[]): readonly CheckId[] {
  return results
    .filter(({ id, status }) => (status === 'warn' || status === 'fail') && REPAIRS[id] !== undefined)
    .map(({ id }) => id);
}

/** Runs the safe repairs one after the other. A repair that fails is reported, and the next one still runs. */
export async function repair(ids: readonly CheckId[], ports: RepairPorts): Promise<readonly Repair[]> {
  const repairs: Repair[] = [];
  for (const id of ids) {
    try {
      repairs.push({ id, done: (await REPAIRS[id]?.(ports)) ?? [], error: null });
    } catch (error) {
      repairs.push({ id, done: [], error: messageOf(error) });
    }
  }
  return repairs;
}

async function closeDataDir({ dataDir, folder, closeToOthers }: RepairPorts): Promise<readonly string[]> {
  return (await folder.facts(dataDir)) === undefined ? [] : closeToOthers();
}

/** Edits the entries of dead trees only: a running tree's root edits its own. */
async function tidy({ observe, files }: RepairPorts): Promise<readonly string[]> {
  const before = await observe();
  if (!needsTidying(before)) return [];
  const lines = tidyTrees(before, files);
  const ended = before.staleEntries.length - (await observe()).staleEntries.length;
  return ended > 0 ? [...lines, `Ended ${count(ended, 'stale entry', 'stale entries')}.`] : lines;
}
