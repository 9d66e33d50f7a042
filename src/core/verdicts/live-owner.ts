import { isZombie } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { isChromaWrapper } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Finding } from './verdict.ts';
import { shortId } from '../text/wording.ts';
import { isAnyoneGone } from './orphan.ts';

/**
 * The live parent of a process, where its owner mark or its record names that parent or a process of the same pid, or where the parent
 * is its own uv wrapper. A pid that agrees while the start does not is a damaged record: no other process adopts under that pid.
 */
export function liveOwner({ row, parent, owner, recorded, isChroma }: Case): ProcessRow | undefined {
  if (parent === undefined || isZombie(parent)) return undefined;
  const isNamed = owner?.pid === parent.pid || recorded.some((record) => record.owner?.identity.pid === row.ppid);
  return isNamed || (isChroma && isChromaWrapper(parent)) ? parent : undefined;
}

/** Live evidence against a record or a mark: a process of a tree that stands where it belongs, whatever they say of its owner. */
export function findContradicted(subject: Case, context: JudgementContext): Finding | undefined {
  const detail =
    liveClaim(subject, context) ??
    (isAnyoneGone(subject, context)
      ? (liveRoot(subject, context) ?? liveParent(subject, context))
      : contradictedRoot(subject));
  if (detail === undefined) return undefined;
  const { row, recorded } = subject;
  const role = recorded[0]?.entry.role ?? subject.role ?? 'process';
  const tree = recorded[0]?.tree.manifest.treeId ?? row.treeMark;
  return {
    verdict: 'unverified',
    evidence: [
      recorded.length > 0
        ? { kind: 'recorded', detail: `recorded as ${role} of tree ${shortId(tree)}` }
        : { kind: 'marked', detail: `marked as part of tree ${shortId(tree)}` },
      { kind: 'not-proven', detail },
    ],
  };
}

function contradictedRoot({ recorded }: Case): string | undefined {
  return recorded.some(({ isRoot, tree }) => !isRoot && tree.isContradicted)
    ? 'its manifest is damaged: the recorded root is not running, and the marks of live processes name another root'
    : undefined;
}

function liveRoot({ row }: Case, { trees }: JudgementContext): string | undefined {
  const [treeId] = [...trees.liveRoots.treesOf(row.pid)].sort();
  return treeId === undefined
    ? undefined
    : `its record is damaged: the marks of live processes prove that it is the root of tree ${shortId(treeId)}`;
}

/** The marks of a process that a live installation of another kind records are inherited. */
function liveClaim({ row, recorded, isMarkedHere }: Case, { others }: JudgementContext): string | undefined {
  const file = isMarkedHere && recorded.length === 0 ? others.claims.get(row.pid) : undefined;
  return file === undefined ? undefined : `${file} of a live installation records its pid`;
}

/** Below an orphan the live parent is no evidence of life. */
function liveParent(subject: Case, context: JudgementContext): string | undefined {
  const parent = liveOwner(subject) ?? recordedParent(subject, context);
  if (parent === undefined || subject.parentJudgement?.verdict === 'orphan') return undefined;
  const name = parent.name === '' ? '' : ` (${parent.name})`;
  return `its record or mark is damaged: its parent pid ${parent.pid}${name} is its owner and is alive`;
}

/**
 * The live parent that the same tree records, whatever pid the record names as owner. Of a tree only its supervisor adopts, and nobody but
 * a supervisor spawns a worker. This decides where environments are hidden: elsewhere the owner mark names the parent.
 */
function recordedParent({ parent, adoption, recorded }: Case, { trees }: JudgementContext): ProcessRow | undefined {
  if (parent === undefined || adoption !== undefined) return undefined;
  const isParent = trees
    .aliveEntries(parent.pid)
    .some(({ tree, entry }) =>
      recorded.some(
        (record) =>
          record.tree === tree &&
          entry.endedAt === undefined &&
          (entry.role !== 'supervisor' || record.entry.role === 'worker'),
      ),
    );
  return isParent ? parent : undefined;
}
