import type { ProcessIndex } from '../process/process-index.ts';
import type { RecordedEntry, RecordedTree } from './recorded-trees.ts';
import { isZombie } from '../process/identity.ts';

/** A manifest entry whose process is gone. Its pid may be reused. */
export interface StaleEntry {
  readonly treeId: string;
  readonly role: string;
  readonly pid: number;
  readonly reason: string;
}

/** Finds the open entries whose process is gone. An entry with `endedAt` is closed. */
export function findStaleEntries(trees: readonly RecordedTree[], index: ProcessIndex): readonly StaleEntry[] {
  return trees
    .filter((tree) => tree.manifest.retiredAt === undefined)
    .flatMap((tree) => tree.entries)
    .filter((record) => record.presence === 'gone' && record.entry.endedAt === undefined)
    .map((record) => ({
      treeId: record.tree.manifest.treeId,
      role: record.entry.role,
      pid: record.identity.pid,
      reason: reasonOf(record, index),
    }));
}

function reasonOf({ identity }: RecordedEntry, index: ProcessIndex): string {
  const { bootId } = index.snapshot;
  if (identity.scope?.bootId !== bootId) return 'recorded before the last boot';
  const row = index.byPid.get(identity.pid);
  if (row === undefined) return 'no such process';
  if (isZombie(row)) return 'has exited and is a zombie';
  return `the pid now belongs to another process${row.name === '' ? '' : ` (${row.name})`}`;
}
