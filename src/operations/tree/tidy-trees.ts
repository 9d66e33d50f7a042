import { RecordedTrees, type RecordedTree } from '../../core/tree/recorded-trees.ts';
import type { Manifest, StoredIdentity } from '../../core/tree/manifest.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';

/** The manifest store, as far as tidying uses it. Callers hold `operation.lock`. */
export interface TreeFiles {
  endEntries(treeId: string, identities: readonly StoredIdentity[], at: string): Manifest;
  retire(treeId: string, at: string): Manifest;
  setAside(file: string): string;
  putRetiredAway(now: Date): void;
}

/**
 * Updates the manifests of dead trees: ends the entries whose process is gone, retires trees without a living process, and sets damaged
 * files aside. A record is never dropped before its process was seen gone.
 * @returns a line for each retired or damaged manifest, for people.
 */
export function tidyTrees(observation: Observation, files: TreeFiles): readonly string[] {
  const { reading } = observation;
  const at = reading.snapshot.takenAt;
  const lines = deadTrees(observation).flatMap((tree) => tidyTree(tree, observation, files));
  for (const item of damagedFiles(observation))
    lines.push(`Set aside a damaged manifest: ${files.setAside(item.file)}`);
  files.putRetiredAway(new Date(at));
  return lines;
}

/** Whether tidying is worth taking the lock. Old retired manifests can wait. */
export function needsTidying(observation: Observation): boolean {
  return (
    damagedFiles(observation).length > 0 ||
    deadTrees(observation).some((tree) => isFinished(tree, observation) || unendedEntries(tree).length > 0)
  );
}

function deadTrees({ reading, index }: Observation): readonly RecordedTree[] {
  const { trees } = new RecordedTrees(reading, index);
  return trees.filter((tree) => tree.rootPresence === 'gone' && tree.manifest.retiredAt === undefined);
}

/** Excludes manifests of a newer version and unreadable ones: they may be intact. */
function damagedFiles({ reading }: Observation) {
  return reading.damaged.filter(({ kind }) => kind === 'damaged');
}

function tidyTree(tree: RecordedTree, observation: Observation, files: TreeFiles): string[] {
  const { treeId } = tree.manifest;
  const at = observation.reading.snapshot.takenAt;
  const ended = unendedEntries(tree).map(({ entry }) => entry.identity);
  if (ended.length > 0) files.endEntries(treeId, ended, at);
  if (!isFinished(tree, observation)) return [];
  files.retire(treeId, at);
  return [`Retired the manifest of tree ${treeId.slice(0, 8)}: all its processes are gone.`];
}

function unendedEntries({ entries }: RecordedTree) {
  return entries.filter(({ entry, presence }) => presence === 'gone' && entry.endedAt === undefined);
}

/** Whether all processes of the tree are gone: the recorded ones, and the unrecorded ones with its mark and a role. */
function isFinished({ manifest, entries }: RecordedTree, { judgements }: Observation): boolean {
  const isLeft = ({ verdict, role, treeId }: Judgement) =>
    treeId === manifest.treeId && role !== null && verdict !== 'zombie' && verdict !== 'foreign';
  return entries.every(({ presence }) => presence === 'gone') && !judgements.some(isLeft);
}
