import { RecordedTrees, type RecordedTree } from '../../core/tree/recorded-trees.ts';
import type { Manifest, StoredIdentity } from '../../core/tree/manifest.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';

/** What tidying needs of the store; every call is under `operation.lock`. */
export interface TreeFiles {
  endEntry(treeId: string, identity: StoredIdentity, at: string): Manifest;
  retire(treeId: string, at: string): Manifest;
  setAside(file: string): string;
  removeRetired(manifests: readonly Manifest[], now: Date): readonly string[];
}

/**
 * Brings the manifests of dead trees up to what was seen: entries whose process is gone are ended, a tree of which nothing is left is
 * retired, a damaged file is set aside. A record is never dropped before its death was seen.
 * @returns a line for each file that was changed, for people.
 */
export function tidyTrees(observation: Observation, files: TreeFiles): readonly string[] {
  const { reading } = observation;
  const at = reading.snapshot.takenAt;
  const lines = deadTrees(observation).flatMap((tree) => settle(tree, observation, files));
  for (const item of damagedFiles(observation))
    lines.push(`Set aside a damaged manifest: ${files.setAside(item.file)}`);
  files.removeRetired(reading.manifests, new Date(at));
  return lines;
}

/** Whether there is anything worth taking the lock for. Retired manifests that are old enough to go can wait for the next time. */
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

/** Those of a newer version and those that cannot be read may be good. */
function damagedFiles({ reading }: Observation) {
  return reading.damaged.filter(({ kind }) => kind === 'damaged');
}

function settle(tree: RecordedTree, observation: Observation, files: TreeFiles): string[] {
  const { treeId } = tree.manifest;
  const at = observation.reading.snapshot.takenAt;
  for (const { entry } of unendedEntries(tree)) files.endEntry(treeId, entry.identity, at);
  if (!isFinished(tree, observation)) return [];
  files.retire(treeId, at);
  return [`Retired the manifest of tree ${treeId.slice(0, 8)}: nothing of it is left.`];
}

function unendedEntries({ entries }: RecordedTree) {
  return entries.filter(({ entry, presence }) => presence === 'gone' && entry.endedAt === undefined);
}

/** Its recorded processes are gone, and so is what nobody recorded but its mark and role show. */
function isFinished({ manifest, entries }: RecordedTree, { judgements }: Observation): boolean {
  const isLeft = ({ verdict, role, treeId }: Judgement) =>
    treeId === manifest.treeId && role !== null && verdict !== 'zombie' && verdict !== 'foreign';
  return entries.every(({ presence }) => presence === 'gone') && !judgements.some(isLeft);
}
