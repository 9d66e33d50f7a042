import { isZombie } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { isChromaWrapper } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Finding } from './verdict.ts';
import { shortId } from '../text/wording.ts';
import { isAnyoneGone } from './orphan.ts';

/**
 * The live parent of a process, if the owner mark or the record names the parent's pid, or if the parent is its uv wrapper. An equal pid
 * with another start means a damaged record: orphans are not re-parented to a process that happens to have the owner's pid.
 */
export function liveOwner({ row, parent, owner, recorded, isChroma }: Case): ProcessRow | undefined {
  if (parent === undefined || isZombie(parent)) return undefined;
  const isNamed = owner?.pid === parent.pid || recorded.some((record) => record.owner?.identity.pid === row.ppid);
  return isNamed || (isChroma && isChromaWrapper(parent)) ? parent : undefined;
}

/** Live evidence outweighs records and marks: a process under its live owner is unverified, even if a record says the owner is gone. */
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

/** A process recorded by a live installation of another kind has inherited its marks. */
function liveClaim({ row, recorded, isMarkedHere }: Case, { others }: JudgementContext): string | undefined {
  const file = isMarkedHere && recorded.length === 0 ? others.claims.get(row.pid) : undefined;
  return file === undefined ? undefined : `${file} of a live installation records its pid`;
}

/** An orphaned parent is no evidence: it is alive, but leaked itself. */
function liveParent(subject: Case, context: JudgementContext): string | undefined {
  const parent = liveOwner(subject) ?? recordedParent(subject, context);
  if (parent === undefined || subject.parentJudgement?.verdict === 'orphan') return undefined;
  const name = parent.name === '' ? '' : ` (${parent.name})`;
  return `its record or mark is damaged: its parent pid ${parent.pid}${name} is its owner and is alive`;
}

/**
 * The live parent, if the same tree records it, even if the record names another owner. A supervisor as parent counts for a worker only:
 * it spawns workers, and adopts other processes. Matters if environments are unreadable; otherwise the owner mark names the parent.
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
