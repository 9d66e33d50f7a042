import { count } from '../../core/text/wording.ts';
import { needsTidying, tidyTrees, type TreeFiles } from '../tree/tidy-trees.ts';
import type { Observation } from '../observe/observe.ts';
import type { CheckId } from './check.ts';
import type { CheckResult } from './diagnose.ts';
import type { FolderPort } from '../ports/doctor.ts';
import { messageOf } from '../../shared/errors.ts';

/** What a repair did, or why it could not. */
export interface Repair {
  readonly id: CheckId;
  readonly done: readonly string[];
  readonly error: string | null;
}

/** What repairs need; every call is under `operation.lock`. None of it ends a process. */
export interface RepairPorts {
  readonly dataDir: string;
  readonly folder: Pick<FolderPort, 'facts'>;
  /** A fresh one: what was seen before the lock may be over. */
  readonly observe: () => Promise<Observation>;
  readonly files: TreeFiles;
  /** @returns what was changed, a sentence each. */
  readonly closeToOthers: () => readonly string[];
}

const REPAIRS: Partial<Record<CheckId, (ports: RepairPorts) => Promise<readonly string[]>>> = {
  'data-dir': closeDataDir,
  manifests: tidy,
  'stale-entries': tidy,
};

/** The checks among these that `--fix` can do something about. */
export function repairable(results: readonly CheckResult[]): readonly CheckId[] {
  return results
    .filter(({ id, status }) => (status === 'warn' || status === 'fail') && REPAIRS[id] !== undefined)
    .map(({ id }) => id);
}

/** Carries out the safe repairs, one after the other. One that fails is reported and keeps no other from its turn. */
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

/** Entries of trees that still run are their root's to end; those of dead ones are ended here. */
async function tidy({ observe, files }: RepairPorts): Promise<readonly string[]> {
  const before = await observe();
  if (!needsTidying(before)) return [];
  const lines = tidyTrees(before, files);
  const ended = before.staleEntries.length - (await observe()).staleEntries.length;
  return ended > 0 ? [...lines, `Ended ${count(ended, 'stale entry', 'stale entries')}.`] : lines;
}
